/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of decoders, made from decode.def. */
#include "decode/decoder.h"

#define DECODER(name) extern const struct decoder decoder_##name;
#include "decode/decode.def"
#undef DECODER

const struct decoder *const decoders[] = {
#define DECODER(name) &decoder_##name,
#include "decode/decode.def"
#undef DECODER
	NULL,
};

const struct decoder *decoder_find(const char *name)
{
	for (int i = 0; decoders[i]; i++)
		if (strcmp(decoders[i]->name, name) == 0)
			return decoders[i];
	return NULL;
}

void emit_no_expect(struct emit *e, const struct expect *x)
{
	(void)e;
	(void)x;
}

void emit_no_body(struct emit *e, const struct body *b)
{
	(void)e;
	(void)b;
}
