/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fetching over the network: SunRPC mounts and NFS (RFC 1813), files by any protocol. */
#include "detect/fetch.h"

#include "base/scope.h"

/* Of SunRPC the call tells who wants something, whichever end the conversation was picked up from. */
static void from_call(const struct run *d, const struct origin *at, struct fetch *out)
{
	*out = (struct fetch){ .kind = FETCH_MOUNT, .device = detect_sender(d, at), .own = at->src,
			       .peer = at->dst, .port = at->dport, .plain = true, .at = *at };
}

bool fetch_mount(const struct run *d, const struct record *r, struct fetch *out)
{
	if (!span_is(record_get_text(r, (unsigned)d->col[FETCH_MOUNT_MESSAGE]), "call") ||
	    !span_is(record_get_text(r, (unsigned)d->col[FETCH_MOUNT_PROCEDURE]), "MNT"))
		return false;
	from_call(d, r->at, out);
	return true;
}

bool fetch_nfs(const struct run *d, const struct record *r, struct fetch *out)
{
	if (!span_is(record_get_text(r, (unsigned)d->col[FETCH_NFS_MESSAGE]), "call") ||
	    span_is(record_get_text(r, (unsigned)d->col[FETCH_NFS_PROCEDURE]), "NULL"))
		return false;
	from_call(d, r->at, out);
	return true;
}

bool fetch_file(const struct run *d, const struct record *r, struct fetch *out)
{
	struct span via = record_get_text(r, (unsigned)d->col[FETCH_FILE_VIA]);
	const struct origin *at = r->at;
	if (!at || !record_get_uint(r, (unsigned)d->col[FETCH_FILE_CODE]))
		return false;
	*out = (struct fetch){ .kind = FETCH_FILE, .device = detect_receiver(d, at), .own = at->dst,
			       .peer = at->src, .at = *at };
	out->pushed = record_get_uint(r, (unsigned)d->col[FETCH_FILE_TO_SERVER]) != 0;
	out->port = out->pushed ? at->dport : at->sport;
	out->plain = span_is(via, "nfs") || span_is(via, "tftp") || span_is(via, "ftp");
	return true;
}

bool fetch_any(const struct run *d, const struct record *r, struct fetch *out)
{
	if (strcmp(r->type->name, "mount") == 0)
		return fetch_mount(d, r, out);
	return strcmp(r->type->name, "nfs") == 0 ? fetch_nfs(d, r, out) : fetch_file(d, r, out);
}

/* Called without a router's help, within one network: had it answered, it would be known to stand on the wire. */
static bool is_silent_neighbour(const struct run *d, const struct fetch *f)
{
	return f->kind == FETCH_MOUNT && addr_is_neighbour(f->own, f->peer) && !mac_is_zero(f->at.dmac) &&
	       !zone_is_router(d->zones, f->at.dmac);
}

bool fetch_is_outside(const struct run *d, const struct fetch *f)
{
	return detect_is_outside(d, f->peer) && !zone_is_central(d->zones, f->peer, 0) && !is_silent_neighbour(d, f);
}

bool fetch_is_bedside(const struct run *d, uint32_t device)
{
	if (device == DEVICE_NONE || !device_is_medical(d->devices, device))
		return false;
	switch (device_role(d->devices, device)) {
	case ROLE_MONITOR:
	case ROLE_PUMP:
	case ROLE_VENTILATOR:
	case ROLE_ANALYSER:
	case ROLE_IMAGING:
		return true;
	case ROLE_UNKNOWN:
	case ROLE_CENTRAL:
	case ROLE_PACS:
	case ROLE_HL7_ENGINE:
	case ROLE_PRINTER:
	case ROLE_SERVER:
	case ROLE_WORKSTATION:
	case ROLE_NETWORK:
	case ROLE_CAMERA:
	case ROLES:
		break;
	}
	return false;
}

bool fetch_counts(const struct run *d, const struct fetch *f)
{
	if (f->device == DEVICE_NONE || detect_is_outside(d, f->own) || detect_is_allowed(d, f->own, f->peer, f->port))
		return false;
	if (fetch_is_outside(d, f))
		return f->plain || device_is_medical(d->devices, f->device);
	return fetch_is_bedside(d, f->device);
}

const char *fetch_lapse(struct run *d, uint64_t ns)
{
	uint64_t s = (ns + 500000000u) / 1000000000u;
	const char *unit = s < 120 ? "second" : s < 7200 ? "minute" : "hour";
	unsigned long long n = s < 120 ? s : s < 7200 ? s / 60 : s / 3600;
	return detect_text(d, "%llu %s%s", n, unit, n == 1 ? "" : "s");
}
