/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.private-key: private keys in the image, in files of their own or inside programs. */
#include "fw/model/file.h"
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.private-key",
	.title = "The firmware holds a private key",
	.cause = "fixed secret",
	.sees = "A private key without a passphrase (PEM, OpenSSH, DER, a dropbear host key), in a file of its own or "
		"inside a program. Keys with a passphrase, and key stores, are low: the passphrase usually stands beside them. The "
		"same key in two files is one finding.",
	.why = "The key is the same in every copy of this firmware: whoever has one image can pose as any of these devices or "
	       "read what is encrypted for them.",
	.wrong = "Test keys that libraries carry for their own self-tests are of no use to anyone, nor is one that the device "
		 "replaces at its first start.",
	.next = { ADVICE_WHICH_DEVICES, ADVICE_CHANGE_SECRET, ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T1552", "T0859", NULL },
	.cwe = { "CWE-321", "CWE-798", NULL },
};

static bool is_private(const struct key *k)
{
	return strcmp(k->what, "private key") == 0;
}

static bool is_host_key(struct span path)
{
	struct span base = path_base(path);
	return span_starts(base, SPAN_LIT("ssh_host_")) || span_starts(base, SPAN_LIT("dropbear_"));
}

/* Test data of a package, by its place. */
static bool is_test(struct span path)
{
	return span_has(path, "/test") || span_has(path, "/example") || span_has(path, "/doc/");
}

static enum severity weigh(const struct scene_file *f, const struct key *k)
{
	if (k->encrypted || !is_private(k) || is_test(span_str(f->path)))
		return SEV_LOW;
	return is_host_key(span_str(f->path)) ? SEV_HIGH : SEV_MEDIUM;
}

static void tell(struct job *j, const struct scene_file *file, uint32_t index, const struct key *k)
{
	uint8_t digest[32];
	struct span bytes = span_cut(span_from(file->content, (size_t)k->offset), (size_t)k->length);
	keyring_sha256(bytes, digest);
	struct finding *f = job_finding(j, &rule, index, "key %02x%02x%02x%02x%02x%02x", digest[0], digest[1], digest[2],
					digest[3], digest[4], digest[5]);
	if (!f || !job_judge(j, f, weigh(file, k), is_test(span_str(file->path)) ? 0.4 : 0.85))
		return;
	f->title = job_text(j, "%s holds a %s (%s%s) that is the same in every device", file->path, k->what, k->form,
			    k->encrypted ? ", with a passphrase" : "");
	record_text(f->observed, OBS_SECRET, bytes);
	record_str(f->observed, OBS_CONTENT, job_text(j, "%s, %s", k->what, k->form));
	struct act step = { .kind = ACT_CREDENTIAL, .name = SPAN_LIT("key"), .offset = k->offset, .blanked = true,
			    .text = span_str(job_text(j, "%s (%s), %llu bytes", k->what, k->form, (unsigned long long)k->length)) };
	const struct act *steps[] = { &step, NULL };
	job_chain(j, f, steps);
}

static void file(struct job *j, const struct scene_file *f, uint32_t index)
{
	struct key keys[KEYS_MAX];
	unsigned n = key_find(f->content, keys);
	for (unsigned i = 0; i < n; i++)
		if (is_private(&keys[i]) || strcmp(keys[i].what, "key store") == 0)
			tell(j, f, index, &keys[i]);
}

const struct pass pass_private_key = { .rule = &rule, .file = file };
