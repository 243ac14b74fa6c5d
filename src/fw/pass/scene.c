/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds of files for the passes. sysvinit, BusyBox init and inetd keep their tables in these places. */
#include "fw/pass/scene.h"

#include "base/scope.h"

enum { HEAD = 512, ROUNDS = 4 };

static bool ends(struct span s, const char *tail)
{
	size_t n = strlen(tail);
	return s.n >= n && span_is(span_from(s, s.n - n), tail) && (s.n == n || s.p[s.n - n - 1] == '/' || *tail == '.');
}

static bool holds(struct span s, struct span part)
{
	for (size_t i = 0; part.n && i + part.n <= s.n; i++)
		if (s.p[i] == part.p[0] && memcmp(s.p + i, part.p, part.n) == 0)
			return true;
	return false;
}

static bool is_text(struct span s)
{
	s = span_cut(s, HEAD);
	return s.n && !memchr(s.p, 0, s.n);
}

static bool is_init_place(struct span path)
{
	static const char *const names[] = { "rcS", "rc.local", "rc", "rc.sysinit", "linuxrc" };
	static const char *const folders[] = { "init.d/", "rc.d/", "rcS.d/", "rc3.d/", "rc5.d/" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (ends(path, names[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (holds(path, span_str(folders[i])))
			return true;
	return false;
}

static bool has_shell_line(struct span content)
{
	struct span line = span_cut(content, 80);
	const uint8_t *end = line.n ? memchr(line.p, '\n', line.n) : NULL;
	line = end ? span_cut(line, (size_t)(end - line.p)) : line;
	return span_starts(line, SPAN_LIT("#!")) && holds(line, SPAN_LIT("sh"));
}

enum scene_kind scene_kind_of(struct span path, struct span content)
{
	static const struct {
		const char *tail;
		enum scene_kind kind;
	} places[] = { { "etc/passwd", SCENE_ACCOUNTS }, { "etc/shadow", SCENE_ACCOUNTS }, { "etc/inittab", SCENE_INITTAB },
		       { "etc/inetd.conf", SCENE_INETD }, { "authorized_keys", SCENE_KEYS } };
	if (span_starts(content, SPAN_LIT("\177ELF")))
		return SCENE_PROGRAM;
	if (!is_text(content))
		return SCENE_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (ends(path, places[i].tail))
			return places[i].kind;
	if (span_starts(content, SPAN_LIT("-----BEGIN ")))
		return SCENE_KEYS;
	if (has_shell_line(content) || ends(path, ".sh") || (is_init_place(path) && !span_starts(content, SPAN_LIT("#!"))))
		return SCENE_SCRIPT;
	return SCENE_OTHER;
}

/* Started by its place: K scripts of rc folders stop things. */
static bool starts_by_place(struct span path)
{
	struct span base = path_base(path);
	return is_init_place(path) && !(base.n > 2 && base.p[0] == 'K' && base.p[1] >= '0' && base.p[1] <= '9');
}

void scene_find_boot(struct scene_file *files, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		files[i].boot = files[i].kind == SCENE_INITTAB || files[i].kind == SCENE_INETD ||
				(files[i].kind == SCENE_SCRIPT && starts_by_place(span_str(files[i].path)));
	for (int round = 0; round < ROUNDS; round++)
		for (uint32_t i = 0; i < n; i++) {
			if (files[i].boot || (files[i].kind != SCENE_SCRIPT && files[i].kind != SCENE_PROGRAM))
				continue;
			char full[1024];
			snprintf(full, sizeof(full), "/%.1000s", files[i].path);
			for (uint32_t k = 0; k < n && !files[i].boot; k++)
				files[i].boot = files[k].boot && files[k].kind != SCENE_PROGRAM &&
						holds(span_cut(files[k].content, 1 << 18), span_str(full));
		}
}
