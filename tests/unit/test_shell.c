/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shell text to commands: quoting, variables, functions, here-documents, conditions, hostile text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "base/buf.h"
#include "fw/pass/shell.h"

/* Commands as lines: "?" conditional, "|" piped; words in [], <file >file >>file <<text. */
static void written(const struct shell_script *s, struct buf *b)
{
	static const char *const signs[] = { "<", ">", ">>", "<<", "&" };
	for (unsigned i = 0; i < s->n; i++) {
		const struct shell_command *c = &s->v[i];
		buf_printf(b, "%s%s", c->conditional ? "?" : "", c->piped ? "|" : "");
		for (unsigned k = 0; k < c->nwords; k++)
			buf_printf(b, "[%.*s]%s", (int)c->words[k].text.n, (const char *)c->words[k].text.p,
				   c->words[k].replaceable ? "~" : "");
		for (unsigned k = 0; k < c->nredirects; k++)
			buf_printf(b, "%s%.*s", signs[c->redirects[k].kind], (int)c->redirects[k].to.n,
				   (const char *)c->redirects[k].to.p);
		buf_text(b, ";");
	}
	buf_u8(b, 0);
}

static const struct {
	const char *text, *want;
} table[] = {
	{ "", "" },
	{ "# mount -t nfs 203.0.113.5:/pm /mnt", "" },
	{ "echo 'a # b' \"c;d\"#e", "[echo][a # b][c;d#e];" },
	{ "a; b&&c||d|e&f", "[a];[b];?[c];?[d];?|[e];[f];" },
	{ "mount -o nolock -t nfs 203.0.113.5:/pm /mnt\n", "[mount][-o][nolock][-t][nfs][203.0.113.5:/pm][/mnt];" },
	{ "A=203.0.113.5\nB=$A:/pm\nmount $B \"${A}\"", "[mount][203.0.113.5:/pm][203.0.113.5];" },
	{ "C='mount -t nfs'; $C \"$C\"", "[mount][-t][nfs][mount -t nfs];" },
	{ "A=1 env_only; echo $A", "[env_only];[echo][{$A}];" },
	{ "wget http://${S:-203.0.113.5}/x", "[wget][http://203.0.113.5/x]~;" },
	{ "S=203.0.113.5\n. /etc/app.conf\nnc $S 515", "[.][/etc/app.conf];[nc][203.0.113.5]~[515];" },
	{ "S=$(nvram get s)\n[ -z \"$S\" ] && S=203.0.113.5\nnc $S 1",
	  "[nvram][get][s];[[][-z][{$(nvram get s)}][]];[nc][203.0.113.5]~[1];" },
	{ "f() {\n wget $1 -O $2\n}\nf http://h/x /tmp/x; f b c", "[wget][http://h/x][-O][/tmp/x];[wget][b][-O][c];" },
	{ "never() { telnetd; }", "[telnetd];" },
	{ "function g { a; }\ng", "[a];" },
	{ "for i in x y; do cp $i /opt; done; z", "[cp][x][/opt];[cp][y][/opt];[z];" },
	{ "for i in a; do for k in b; do c $i $k; done; done", "[c][a][b];" },
	{ "if ping -c1 h; then a; else b; fi\nc", "[ping][-c1][h];?[a];?[b];[c];" },
	{ "case \"$1\" in\nstart)\n a ;;\n stop|x) b;;\n*) c\nesac\nd", "?[a];?[b];?[c];[d];" },
	{ "cat > /tmp/x.sh 2>/dev/null <<EOF\nline $A\nEOF\nsh /tmp/x.sh",
	  "[cat]>/tmp/x.sh>/dev/null<<line {$A}\n;[sh][/tmp/x.sh];" },
	{ "ftp -n h <<'E'\nuser $x y\nE\nq", "[ftp][-n][h]<<user $x y\n;[q];" },
	{ "a \\\n b\\ c", "[a][b c];" },
	{ "a `b c` $(d $(e))", "[b][c];[e];[d][{$(e)}];[a][{$(b c)}][{$(d $(e))}];" },
	{ "(cd /x && ls) >out", "[cd][/x];?[ls];>out;" },
	{ "sh -c 'a; b' >/dev/null 2>&1", "[sh][-c][a; b]>/dev/null&1;" },
	{ "export P=/opt/bin; cp -rf /mnt/* $P", "[export];[cp][-rf][/mnt/*][/opt/bin];" },
	{ "echo {recv}; ping {getenv:H}", "[echo][{recv}];[ping][{getenv:H}];" },
	{ "while true; do a; sleep 1; done &\nb", "[true];?[a];?[sleep][1];[b];" },
	{ "U=http://203.0.113.5/a/b.sh\nsh ${U##*/} ${U#*/} ${U%/*} ${U%%/*}",
	  "[sh][b.sh][/203.0.113.5/a/b.sh][http://203.0.113.5/a][http:];" },
	{ "X=$(echo 203.0.113.5)\nnc $X", "[echo][203.0.113.5];[nc][203.0.113.5];" },
	{ "eval \"A=1 ; B=x\"; c $A$B", "[c][1x];" },
	{ "eval \"$X\"", "[eval][{$X}];" },
	{ "set -- a b; c $1 $2; shift; d $1", "[set][--][a][b];[c][a][b];[shift];[d][b];" },
	{ "read A <<E\nx y\nE\nb $A", "[read][A]<<x y\n;[b][x][y];" },
	{ "echo done; if x; then y; fi", "[echo][done];[x];?[y];" },
	/* sums */
	{ "A=3; nc 203.0.113.$((A + 2)) $((0x200 + $A * (4 - 1) % 5))", "[nc][203.0.113.5][516];" },
	{ "c $((1 << 4 | 1)) $((-7 / 2)) $((!0 + ~0)) $((2 < 3 && 3 >= 4 || 1 == 1))", "[c][17][-3][0][1];" },
	{ "c $((X + 1)) $((1 / 0)) $((1 +)) $(((2)) $((A = 1))",
	  "[c][{$((X + 1))}][{$((1 / 0))}][{$((1 +))}][{$(((2)) $((A = 1))}];" },
	/* filters: in a substitution, in front of a loop, in front of a shell; what is not known stays open */
	{ "X=$(echo 203_0_113_5 | tr _ .)\nnc $X", "[echo][203_0_113_5];|[tr][_][.];[nc][203.0.113.5];" },
	{ "nc $(echo h:203.0.113.5:9 | cut -d: -f2 | sed 's/\\.5$/.6/')",
	  "[echo][h:203.0.113.5:9];|[cut][-d:][-f2];|[sed][s/\\.5$/.6/];[nc][203.0.113.6];" },
	{ "a $(printf '%s.%s\\n' x y | rev) $(echo \"k = v\" | awk '{print $3}')",
	  "[printf][%s.%s\\n][x][y];|[rev];[echo][k = v];|[awk][{print $3}];[a][y.x][v];" },
	{ "a $(echo x | sort) $(echo x | sed 's/.*/y/') $(nc h | tr a b)",
	  "[echo][x];|[sort];[echo][x];|[sed][s/.*/y/];[nc][h];|[tr][a][b];[a][{$(echo x | sort)}][{$(echo x | sed 's/.*/y/')}][{$(nc h | tr a b)}];" },
	{ "echo dGVsbmV0ZA== | base64 -d | sh; b", "[echo][dGVsbmV0ZA==];|[base64][-d];|[sh];[telnetd];[b];" },
	{ "wget -O- h | sh", "[wget][-O-][h];|[sh];" },
	{ "echo 'a 1\nb 2' | tr -d x", "[echo][a 1\nb 2];|[tr][-d][x];" },
	{ "while read -r H P; do nc $H $P; done <<E\nh1 1\n# c\nh2 2 3\nE\nz", "[nc][h1][1];[nc][h2][2][3];[z];" },
	{ "printf 'a:b\\nc:d\\n' | while IFS=: read X Y; do c $Y $X; done", "[printf][a:b\\nc:d\\n];[c][b][a];[c][d][c];" },
	{ "while read X; do c $X; done < /none", "[read][X];?[c][{$X}];</none;" },
};

static void reads_what_a_shell_would(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a, 16 << 20);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct shell_script s;
		struct buf b = { 0 };
		shell_read(span_str(table[i].text), &a, &s);
		written(&s, &b);
		assert_string_equal((const char *)b.p, table[i].want);
		buf_done(&b);
		arena_reset(&a);
	}
	arena_done(&a);
}

static bool file_of(const void *ctx, struct span path, struct span *content)
{
	(void)ctx;
	*content = span_is(path, "/etc/app.conf") ? SPAN_LIT("S=203.0.113.5\n")
		 : span_is(path, "/lib/f.sh")	  ? SPAN_LIT("get() { wget $1; }\nquiet\nT=k\n")
		 : span_is(path, "/loop")	  ? SPAN_LIT(". /loop\n. /loop\n")
						  : (struct span){ 0 };
	return content->n > 0;
}

static bool key_of(const void *ctx, struct span key, struct span *value)
{
	(void)ctx;
	*value = SPAN_LIT("192.0.2.1");
	return span_is(key, "server");
}

static unsigned match_of(const void *ctx, struct span pattern, struct arena *a, struct span *out, unsigned most)
{
	(void)ctx;
	(void)a;
	*out = SPAN_LIT("/etc/app.conf");
	return most && span_is(pattern, "/etc/*.conf");
}

/* What a file that is sourced sets may be set otherwise; functions of a library are code; what is not there
 * changes all. */
static const struct {
	const char *text, *want;
} worlds[] = {
	{ ". /etc/none\nnc $S", "[.][/etc/none];[nc][{$S}];" },
	{ "A=1\n. /etc/app.conf\nnc $S $A", "[.][/etc/app.conf];[nc][203.0.113.5]~[1];" },
	{ ". /lib/f.sh\nget $T", "[.][/lib/f.sh];[wget][k];" },
	{ ". /loop", "[.][/loop];" },
	{ "nc $(cat /etc/app.conf)", "[cat][/etc/app.conf];[nc][S=203.0.113.5]~;" },
	{ "S=$(nvram get server)\nnc $S", "[nvram][get][server];[nc][192.0.2.1]~;" },
	{ "while IFS== read K V; do nc $V; done < /etc/app.conf", "[nc][203.0.113.5]~;" },
	{ "nc $(grep ^S= /etc/app.conf | cut -d= -f2)", "[grep][^S=][/etc/app.conf];|[cut][-d=][-f2];[nc][203.0.113.5]~;" },
	{ "nc $(sed s/S=// </etc/app.conf)", "[sed][s/S=//]</etc/app.conf;[nc][203.0.113.5]~;" },
	{ "for f in /etc/*.conf \"/etc/*.x\" /no/*; do a $f; done", "[a][/etc/app.conf];[a][/etc/*.x];[a][/no/*];" },
	{ "S=$(nvram get other)\nnc $S", "[nvram][get][other];[nc][{$(nvram get other)}];" },
};

static void asks_the_image_it_lies_in(void **state)
{
	const struct shell_world world = { .file = file_of, .key = key_of, .match = match_of };
	struct arena a;
	(void)state;
	arena_init(&a, 16 << 20);
	for (size_t i = 0; i < ARRAY_LEN(worlds); i++) {
		struct shell_script s;
		struct buf b = { 0 };
		shell_read_in(span_str(worlds[i].text), &world, &a, &s);
		written(&s, &b);
		assert_string_equal((const char *)b.p, worlds[i].want);
		buf_done(&b);
		arena_reset(&a);
	}
	arena_done(&a);
}

static void says_where_a_command_stands(void **state)
{
	(void)state;
	struct arena a;
	struct shell_script s;
	arena_init(&a, 1 << 20);
	shell_read(SPAN_LIT("a\n\n  b 'x\ny'\nf() {\n c\n}\nf\n"), &a, &s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.v[1].line, 3);
	assert_int_equal(s.v[1].offset, 5);
	assert_int_equal(s.v[2].line, 6);
	assert_true(span_is(s.v[2].function, "f"));
	assert_false(s.cut);
	arena_done(&a);
}

static const char *const hostile[] = {
	"'",
	"\"",
	"`",
	"$(",
	"${",
	"$((",
	"((((((((((((((((((((((((((((((((",
	"case",
	"case x in",
	"for",
	"for i in",
	"f()",
	"f() { f; }; f",
	"f() { f; f; f; f; }\nf",
	"<<",
	"<<EOF",
	"a <<EOF\nb",
	"done fi esac }",
	";;;;",
	">",
	"2>&",
	"$",
	"\\",
	"\"$(\"$(\"$(\"",
	("for a in 1 2 3 4 5 6 7 8; do for b in 1 2 3 4 5 6 7 8; do for c in 1 2 3 4 5 6 7 8; do "
	 "for d in 1 2 3 4 5 6 7 8; do for e in 1 2 3 4 5 6 7 8; do for f in 1 2 3 4 5 6 7 8; do x=1; done; done; done; "
	 "done; done; done"),
	"X=$X$X; X=$X$X$X$X$X$X; echo ${X:-${X:-${X:-$X}}}",
	"\xff\xfe\x01 \x80",
	"${:-}",
	"${-}",
	"a=`a=`a",
	"{",
	"}",
};

static void ends_on_hostile_text(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a, 16 << 20);
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		struct shell_script s;
		shell_read(span_str(hostile[i]), &a, &s);
		assert_in_range(s.n, 0, SHELL_COMMANDS);
		arena_reset(&a);
	}
	struct buf deep = { 0 };
	buf_fill(&deep, '(', 200000);
	struct shell_script s;
	shell_read(buf_span(&deep), &a, &s);
	assert_true(s.cut);
	buf_done(&deep);
	arena_done(&a);
}

/* Loops within loops, each turn of which looks for its end again: took half a minute. */
static void looking_ahead_is_work_too(void **state)
{
	static const struct {
		const char *open, *close;
	} nests[] = { { "for i in 1 2 3 4 5 6 7 8; do\n", "done\n" },
		      { "while read a b; do\n", "done\n" },
		      { "while read a b\n", "" } };
	(void)state;
	struct arena a;
	arena_init(&a, 64 << 20);
	for (size_t i = 0; i < ARRAY_LEN(nests); i++) {
		struct buf text = { 0 };
		struct shell_script s;
		buf_text(&text, "first\n");
		for (int k = 0; k < 10000; k++)
			buf_text(&text, nests[i].open);
		for (int k = 0; k < 10000; k++)
			buf_text(&text, nests[i].close);
		clock_t begun = clock();
		shell_read(buf_span(&text), &a, &s);
		assert_true(clock() - begun < 5 * CLOCKS_PER_SEC);
		assert_true(s.n > 0 && span_is(s.v[0].words[0].text, "first"));
		buf_done(&text);
		arena_reset(&a);
	}
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_on_hostile_text),
		cmocka_unit_test(looking_ahead_is_work_too),
		cmocka_unit_test(reads_what_a_shell_would),
		cmocka_unit_test(asks_the_image_it_lies_in),
		cmocka_unit_test(says_where_a_command_stands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
