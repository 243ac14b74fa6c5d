/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The progress bar. It uses the wall clock, which nothing that judges does. */
#include "base/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

enum { FIRST_MS = 2000, EVERY_MS = 200, BAR = 24 };

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

enum progress_mode progress_mode(const char *text, int fd)
{
	if (text && strcmp(text, "none") == 0)
		return PROGRESS_NONE;
	if (text && strcmp(text, "json") == 0)
		return PROGRESS_JSON;
	return isatty(fd) ? PROGRESS_BAR : PROGRESS_NONE;
}

void progress_start(struct progress *p, enum progress_mode mode, int fd, uint64_t total, const char *what)
{
	uint64_t now = mode == PROGRESS_NONE ? 0 : now_ms();
	*p = (struct progress){ mode, fd, show_locale_utf8(), false, total, now, now + FIRST_MS, what, "packets" };
}

static void write_all(const struct progress *p, const char *text, int n)
{
	if (n > 0 && write(p->fd, text, (size_t)n) < 0) {
		/* A bar nobody sees is no reason to stop. */
	}
}

static void draw_json(const struct progress *p, uint64_t done, uint64_t packets, uint64_t findings, uint64_t ms)
{
	char line[256];
	write_all(p, line, snprintf(line, sizeof(line),
		"{\"progress\":\"%s\",\"bytes\":%llu,\"total\":%llu,\"%s\":%llu,\"findings\":%llu,\"seconds\":%.1f}\n",
		p->what, (unsigned long long)done, (unsigned long long)p->total, p->items, (unsigned long long)packets,
		(unsigned long long)findings, (double)ms / 1000));
}

static void draw_bar(struct progress *p, uint64_t done, uint64_t packets, uint64_t findings, uint64_t ms)
{
	double rate = ms ? (double)done / (double)ms * 1000 : 0;
	char bar[BAR * 3 + 1] = "", line[512], left[48] = "";
	if (p->total) {
		unsigned full = (unsigned)((done < p->total ? (double)done / (double)p->total : 1.0) * BAR);
		size_t n = 0;
		for (unsigned i = 0; i < BAR; i++) {
			const char *cell = p->utf8 ? (i < full ? "\u2588" : "\u2591") : (i < full ? "#" : ".");
			size_t w = strlen(cell);
			memcpy(bar + n, cell, w);
			n += w;
		}
		bar[n] = '\0';
		double rest = rate > 0 && done < p->total ? (double)(p->total - done) / rate : 0;
		uint64_t seconds = rest < 1e9 ? (uint64_t)rest : 0;
		snprintf(left, sizeof(left), "  %llu:%02llu left", (unsigned long long)(seconds / 60),
			 (unsigned long long)(seconds % 60));
	}
	write_all(p, line, snprintf(line, sizeof(line), "\r\033[K%s %s %llu%% %.1f MB/s  %llu %s  %llu findings%s",
		p->what, bar, p->total ? (unsigned long long)(100 * (done < p->total ? done : p->total) / p->total) : 0ull,
		rate / 1e6, (unsigned long long)packets, p->items, (unsigned long long)findings, left));
	p->drawn = true;
}

void progress_at(struct progress *p, uint64_t done, uint64_t packets, uint64_t findings)
{
	if (p->mode == PROGRESS_NONE)
		return;
	uint64_t now = now_ms();
	if (now < p->next_ms)
		return;
	p->next_ms = now + EVERY_MS;
	if (p->mode == PROGRESS_JSON)
		draw_json(p, done, packets, findings, now - p->start_ms);
	else
		draw_bar(p, done, packets, findings, now - p->start_ms);
}

void progress_end(struct progress *p)
{
	if (p->drawn)
		write_all(p, "\r\033[K", 4);
	p->drawn = false;
}
