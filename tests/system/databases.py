#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# databases.py AUSCULT: SQLite databases of an image are read: tables without their contents, destinations as settings,
# passwords as findings that never show them; damaged ones give a clear word. Speaks TAP.
import json, os, shutil, sqlite3, struct, subprocess, sys, tempfile

from tap import finish, report

auscult = sys.argv[1]
work = tempfile.mkdtemp()


def make(tree, name, *sql, wal=False):
    path = os.path.join(work, tree, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    c = sqlite3.connect(path)
    if wal:
        c.execute('pragma journal_mode=wal')
    for s in sql:
        c.execute(s)
    c.commit()
    c.close()
    return path


def change(path, name, *edits, cut=None):
    data = bytearray(open(path, 'rb').read())
    for at, what in edits:
        data[at:at + len(what)] = what
    out = os.path.join(os.path.dirname(path), name)
    open(out, 'wb').write(data[:cut] if cut else data)
    return out


def inspect(tree, *options):
    run = subprocess.run([auscult, 'inspect', '--no-store', '--test-key', '--progress', 'none', '--jsonl', *options,
                          os.path.join(work, tree)], capture_output=True, text=True, timeout=120)
    return run.returncode, [json.loads(line) for line in run.stdout.splitlines()], run.stdout + run.stderr


SETTINGS = ("create table settings(key text primary key, value text)",
            "insert into settings values('central_server','203.0.113.77'),('port','9100'),('ntp_server','203.0.113.9')")
USERS = ("create table users(id integer, username text, password text)",
         "insert into users values(1,'admin','hidden-71'),(2,'nurse',''),(3,'svc','5f4dcc3b5aa765d61d8327deb882cf99')")
app = make('image', 'etc/app.db', *SETTINGS, *USERS, 'create view v as select * from users')
make('image', 'etc/wal.db', 'create table config(name text, value text)',
     "insert into config values('web_password','hidden-72'),('title','hidden-73')", wal=True)
make('image', 'etc/wide.db', 'pragma encoding="UTF-16"', 'create table Geräte(name text)', "insert into Geräte values('x')")
rc, records, text = inspect('image')
tables = {(r['where'], r.get('name')): r for r in records if r['kind'] == 'table'}
report(tables[('etc/app.db', 'users')]['rows'] == 3 and
       tables[('etc/app.db', 'settings')]['columns'] == ['key', 'value'] and ('etc/app.db', 'v') not in tables,
       'tables, columns and rows are told, views are not asked', tables)
report(('etc/wide.db', 'Geräte') in tables and tables[('etc/wal.db', 'config')]['rows'] == 2,
       'in UTF-16, and where a write-ahead log was in use', tables)
found = [r for r in records if r['kind'] == 'finding' and r['rule'] == 'fw.fixed-credential']
users = sorted(r['observed'].get('user', '') for r in found)
report(users == ['', 'admin', 'svc'], 'a password in clear, a hashed one and one behind a key are findings', found)
severity = {r['observed'].get('user', ''): r['severity'] for r in found}
report(severity == {'admin': 'medium', 'svc': 'low', '': 'medium'}, 'a hash is less grave', severity)
report('hidden' not in text and '5f4dcc3b' not in text, 'and no mode shows one')
people = subprocess.run([auscult, 'inspect', '--no-store', '--test-key', '--progress', 'none', os.path.join(work, 'image')],
                        capture_output=True, text=True).stdout
report('Tables of databases' in people and 'hidden' not in people, 'people see the tables')

# The benign twin: the same columns without values, policies about passwords, addresses in a log.
make('twin', 'etc/app.db', 'create table users(id integer, username text, password text, password_expires text)',
     "insert into users values(1,'admin',NULL,'2030-01-01'),(2,'b','','never')",
     'create table policy(name text, value text)', "insert into policy values('password_min_length','12')",
     'create table log(t text)', "insert into log values('203.0.113.55')")
rc, records, text = inspect('twin')
report(rc == 0 and not [r for r in records if r['kind'] == 'finding' and r['severity'] != 'info'],
       'without values there is nothing to find', text)

# A program that takes its server from the database, and its twin with a private one.
PROGRAM = r'''
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
int sqlite3_open(const char *, void **), sqlite3_prepare_v2(void *, const char *, int, void **, const char **), sqlite3_step(void *);
const char *sqlite3_column_text(void *, int);
int main(void)
{
	void *db, *s;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9100) };
	if (getpid() != getppid() || sqlite3_open("/etc/app.db", &db))
		return 1;
	sqlite3_prepare_v2(db, "SELECT value FROM settings WHERE key = 'central_server'", -1, &s, 0);
	if (sqlite3_step(s) != 100)
		return 1;
	inet_pton(AF_INET, sqlite3_column_text(s, 0), &to.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	connect(fd, (struct sockaddr *)&to, sizeof(to));
	return write(fd, "x", 1) != 1;
}
'''
compiler = shutil.which('arm-linux-gnueabi-gcc') or shutil.which('gcc')
if compiler:
    open(os.path.join(work, 'p.c'), 'w').write(PROGRAM)
    open(os.path.join(work, 's.c'), 'w').write('void sqlite3_open(){} void sqlite3_prepare_v2(){} void sqlite3_step(){} void sqlite3_column_text(){}')
    library = os.path.join(work, 'libsqlite3.so.0')
    program = os.path.join(work, 'image/monitor')
    subprocess.run([compiler, '-w', '-shared', '-fPIC', '-Wl,-soname,libsqlite3.so.0', '-o', library, os.path.join(work, 's.c')], check=True)
    subprocess.run([compiler, '-w', '-Os', '-s', '-Wl,--dynamic-linker=/lib/ld-specimen-only.so', '-o', program, os.path.join(work, 'p.c'), library], check=True)
    os.chmod(program, 0o644)
    shutil.copy(program, os.path.join(work, 'twin/monitor'))
    make('twin', 'etc/app2.db', 'create table settings(key text primary key, value text)',
         "insert into settings values('central_server','10.0.0.9'),('ntp_server','203.0.113.9')")
    seen = [r['observed'] for r in inspect('image')[1] if r['kind'] == 'finding' and r['rule'] == 'fw.fixed-destination']
    report(len(seen) == 1 and seen[0]['address'] == '203.0.113.77' and seen[0]['port'] == 9100 and 'default' in seen[0]['setting'],
           'a destination that a program takes from a database is a default that configuration may replace', seen)
    seen = [r for r in inspect('twin')[1] if r['kind'] == 'finding' and r['rule'] == 'fw.fixed-destination' and r['severity'] not in ('info', 'low')]
    report(not seen, 'a private one, a time server and a log are not', seen)

# Damage: a clear word, a bound, and the other tables stay.
os.makedirs(os.path.join(work, 'bad'))
shutil.copy(app, os.path.join(work, 'bad/app.db'))
copy = os.path.join(work, 'bad/app.db')
change(copy, 'short.db', cut=os.path.getsize(copy) - 5000)
change(copy, 'torn.db', (4096 + 8, b'\xff' * 52))
change(copy, 'head.db', (16, bytes(84)))
change(copy, 'schema.db', (100, b'\x0d\x00\x00\x00\x01\x00\x00'))
cycle = make('bad', 'cycle.db', 'create table t(x)', 'with recursive c(n) as (select 1 union all select n + 1 from c where n < 50000) '
             "insert into t select 'row number ' || n from c")
root = sqlite3.connect(cycle).execute("select rootpage from sqlite_master").fetchone()[0]
page = bytearray(open(cycle, 'rb').read())
size = struct.unpack_from('>H', page, 16)[0]
at = (root - 1) * size
cells = struct.unpack_from('>H', page, at + 3)[0]
for i in range(cells):                                   # each child of the root is the root
    pointer = struct.unpack_from('>H', page, at + 12 + 2 * i)[0]
    struct.pack_into('>I', page, at + pointer, root)
open(cycle, 'wb').write(page)
rc, records, text = inspect('bad')
damage = {r['where']: r['damage'] for r in records if r['kind'] == 'table' and 'name' not in r}
report(rc in (0, 1, 3) and 'cut short' in damage.get('short.db', '') and 'contradict' in damage.get('torn.db', '') and
       'header' in damage.get('head.db', '') and 'cycle.db' in damage, 'damaged databases are named with what is wrong', (rc, damage, text[-300:]))
report(any(r['kind'] == 'table' and r['where'] == 'torn.db' and r.get('rows') == 3 for r in records),
       'and what can be read of them is', [r for r in records if r['kind'] == 'table'])
shutil.rmtree(work)
finish()
