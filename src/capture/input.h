/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream of bytes from a descriptor, decompressed on the way (gzip, xz, zstd by their magic), with
 * look-ahead. */
#pragma once

#include "base/rd.h"

enum { INPUT_PEEK_MAX = 16 << 20 };

struct input;

struct input *input_new(int fd);                 /* takes fd */
void input_free(struct input *in);
/* The next n bytes (n <= INPUT_PEEK_MAX), fewer only at the end or at damage. Borrowed until the next call. */
struct span input_peek(struct input *in, size_t n);
/* What is buffered already, without reading. */
struct span input_ready(const struct input *in);
void     input_skip(struct input *in, size_t n);         /* n <= what the last peek gave */
uint64_t input_offset(const struct input *in);           /* decompressed bytes skipped so far */
uint64_t input_consumed(const struct input *in);         /* bytes read from the descriptor */
/* NULL, or why no more bytes come although the input has not ended ("gzip data damaged" …). */
const char *input_error(const struct input *in);
