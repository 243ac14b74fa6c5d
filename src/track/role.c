/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The role of a device, from a table of weights. Every clue for a role is independent evidence:
 * confidence = 1 - product of (1 - weight). What a device does with patients' data outranks what it
 * also is (a monitor with a web server is a monitor). Never from a MAC prefix or an address. */
#include "track/role.h"

#include <math.h>
#include <strings.h>

#include "base/scope.h"

static const struct {
	const char *name, *other;                /* other: what decoders and people also call it */
	bool medical;
} roles[ROLES] = {
	[ROLE_UNKNOWN] = { "unknown", NULL, false },
	[ROLE_MONITOR] = { "patient monitor", "monitor", true },
	[ROLE_PUMP] = { "infusion pump", "pump", true },
	[ROLE_VENTILATOR] = { "ventilator", NULL, true },
	[ROLE_ANALYSER] = { "analyser", "analyzer", true },
	[ROLE_IMAGING] = { "imaging", "imaging modality", true },
	[ROLE_CENTRAL] = { "central station", "central", true },
	[ROLE_PACS] = { "image archive", "PACS", true },
	[ROLE_HL7_ENGINE] = { "HL7 engine", "interface engine", true },
	[ROLE_PRINTER] = { "printer", NULL, false },
	[ROLE_SERVER] = { "server", NULL, false },
	[ROLE_WORKSTATION] = { "workstation", NULL, false },
	[ROLE_NETWORK] = { "network gear", "network", false },
	[ROLE_CAMERA] = { "camera", NULL, false },
};

/* Texts that a device says of itself. Host names are chosen by people: weak. */
static const struct {
	uint8_t what;
	bool starts;                             /* at the start only; else anywhere */
	const char *text;
	enum device_role role;
	double weight;
} texts[] = {
	{ CLUE_SYSTEM, true, "MSFT ", ROLE_WORKSTATION, 0.4 },              /* DHCP vendor class of Windows */
	{ CLUE_SYSTEM, false, "Windows NT", ROLE_WORKSTATION, 0.4 },        /* browsers */
	{ CLUE_SYSTEM, false, "Macintosh;", ROLE_WORKSTATION, 0.5 },
	{ CLUE_SYSTEM, false, "X11; ", ROLE_WORKSTATION, 0.4 },
	{ CLUE_SYSTEM, false, "iPhone", ROLE_WORKSTATION, 0.3 },
	{ CLUE_SYSTEM, true, "android-dhcp", ROLE_WORKSTATION, 0.3 },
	{ CLUE_SYSTEM, false, "JetDirect", ROLE_PRINTER, 0.7 },
	{ CLUE_SYSTEM, false, "LaserJet", ROLE_PRINTER, 0.6 },
	{ CLUE_MODEL, false, "LaserJet", ROLE_PRINTER, 0.6 },
	{ CLUE_SYSTEM, true, "Apache", ROLE_SERVER, 0.3 },
	{ CLUE_SYSTEM, true, "Microsoft-IIS", ROLE_SERVER, 0.4 },
	{ CLUE_SYSTEM, false, "Cisco IOS", ROLE_NETWORK, 0.6 },
	{ CLUE_SYSTEM, false, "RouterOS", ROLE_NETWORK, 0.6 },
	{ CLUE_SYSTEM, false, "IP Camera", ROLE_CAMERA, 0.6 },
	{ CLUE_SYSTEM, true, "DICOM port, encrypted", ROLE_PACS, 0.35 },    /* TLS: nobody sees what is said */
	{ CLUE_SYSTEM, true, "to a DICOM port", ROLE_IMAGING, 0.3 },
	{ CLUE_NAME, true, "DESKTOP-", ROLE_WORKSTATION, 0.4 },
	{ CLUE_NAME, true, "LAPTOP-", ROLE_WORKSTATION, 0.4 },
	{ CLUE_NAME, true, "NPI", ROLE_PRINTER, 0.3 },
	{ CLUE_NAME, false, "print", ROLE_PRINTER, 0.2 },
	{ CLUE_NAME, false, "server", ROLE_SERVER, 0.2 },
	{ CLUE_NAME, false, "switch", ROLE_NETWORK, 0.2 },
	{ CLUE_NAME, false, "camera", ROLE_CAMERA, 0.2 },
};

/* Protocols whose mere use says less than that of others of their kind, or that name no role themselves:
 * any system may take HL7, a DICOM echo may come from a viewer, and every end asks for the time. */
static const struct {
	const char *protocol;
	enum device_role client, server;         /* where the decoder suggests none */
	double weight;
} protocols[] = {
	{ "hl7", ROLE_UNKNOWN, ROLE_HL7_ENGINE, 0.5 },
	{ "dicom", ROLE_IMAGING, ROLE_PACS, 0.4 },
	{ "dns", ROLE_UNKNOWN, ROLE_SERVER, 0.4 },
	{ "ntp", ROLE_UNKNOWN, ROLE_SERVER, 0.4 },
	{ "rpc", ROLE_UNKNOWN, ROLE_SERVER, 0.4 },
	{ "smb", ROLE_UNKNOWN, ROLE_SERVER, 0.3 },
};

enum { SERVICES_SOME = 2, SERVICES_FEW = 3, SERVICES_MANY = 5, OUTSIDE_SOME = 6, OUTSIDE_MANY = 12 };

static const double MEDICAL_FROM = 0.5, SAID_FROM = 0.3;

const char *role_name(enum device_role r)
{
	return roles[r].name;
}

enum device_role role_find(const char *name)
{
	for (unsigned i = 1; name && i < ROLES; i++)
		if (strcasecmp(name, roles[i].name) == 0 || (roles[i].other && strcasecmp(name, roles[i].other) == 0))
			return (enum device_role)i;
	return ROLE_UNKNOWN;
}

bool role_is_medical(enum device_role r)
{
	return roles[r].medical;
}

const char *clue_name(uint8_t what)
{
	static const char *const said[] = {
		[CLUE_NONE] = "none", [CLUE_NAME] = "name", [CLUE_MAKER] = "maker", [CLUE_MODEL] = "model",
		[CLUE_VERSION] = "version", [CLUE_SERIAL] = "serial", [CLUE_SYSTEM] = "system",
		[CLUE_APPLICATION] = "application", [CLUE_FACILITY] = "facility", [CLUE_ROLE] = "role",
	};
	switch ((enum clue_what)what) {
	case WHAT_SPEAKS: return "speaks";
	case WHAT_SERVES: return "serves";
	case WHAT_SENDS_VITALS: return "sends vital signs";
	case WHAT_TAKES_VITALS: return "takes vital signs";
	case WHAT_READS_VITALS: return "reads vital signs";
	case WHAT_CONFIGURED: return "configured";
	}
	return what < ARRAY_LEN(said) && said[what] ? said[what] : "other";
}

struct guess role_of_protocol(const struct decoder *d, bool serves)
{
	enum device_role own = role_find(serves ? d->server_is : d->client_is);
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
		if (strcmp(protocols[i].protocol, d->name) == 0) {
			enum device_role other = serves ? protocols[i].server : protocols[i].client;
			return (struct guess){ own ? own : other, protocols[i].weight };
		}
	return (struct guess){ own, d->clinical ? 0.95 : 0.6 };
}

struct scores {
	double not[ROLES];                       /* product of (1 - weight) */
};

static void add(struct scores *s, enum device_role r, double weight)
{
	s->not[r] *= 1 - weight;
}

_Static_assert(ARRAY_LEN(texts) <= 64, "a bit of role_hints for each");

uint64_t role_hints(uint8_t what, const char *said)
{
	uint64_t hints = 0;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (texts[i].what != what)
			continue;
		bool fits = texts[i].starts ? strncasecmp(said, texts[i].text, strlen(texts[i].text)) == 0
					    : strcasestr(said, texts[i].text) != NULL;
		hints |= (uint64_t)fits << i;
	}
	return hints;
}

static void add_text(struct scores *s, const struct clue_row *c)
{
	for (uint64_t left = c->hints; left; left &= left - 1) {
		int i = __builtin_ctzll(left);
		add(s, texts[i].role, texts[i].weight);
	}
}

static bool has(const struct evidence *e, enum clue_what what)
{
	for (unsigned i = 0; i < e->nclues; i++)
		if (e->clues[i].what == what)
			return true;
	return false;
}

/* How many others a clue was seen with, about. */
static int others(const struct evidence *e, enum clue_what what)
{
	uint32_t from = 0;
	for (unsigned i = 0; i < e->nclues; i++)
		if (e->clues[i].what == what)
			from |= e->clues[i].peers;
	return __builtin_popcount(from);
}

/* Who takes vital signs from others and sends some is between them: an engine, and its messages tell
 * nothing of what it measures. Who only sends them measures them, most likely. Who calls a device and is given
 * them may be anybody; who reads several watches over them. */
static void add_vitals(struct scores *s, const struct evidence *e)
{
	bool sends = has(e, WHAT_SENDS_VITALS), takes = has(e, WHAT_TAKES_VITALS);
	if (takes)
		add(s, ROLE_HL7_ENGINE, sends || others(e, WHAT_TAKES_VITALS) >= PEERS_SEVERAL ? 0.8 : 0.6);
	else if (sends)
		add(s, ROLE_MONITOR, 0.65);
	if (others(e, WHAT_READS_VITALS) >= PEERS_SEVERAL)
		add(s, ROLE_CENTRAL, 0.6);
}

static void add_habits(struct scores *s, const struct evidence *e)
{
	if (e->router)
		add(s, ROLE_NETWORK, 0.85);
	if (e->services >= SERVICES_SOME)
		add(s, ROLE_SERVER, e->services >= SERVICES_MANY ? 0.75 : e->services >= SERVICES_FEW ? 0.6 : 0.35);
	if (e->outside >= OUTSIDE_SOME)
		add(s, ROLE_WORKSTATION, e->outside >= OUTSIDE_MANY ? 0.5 : 0.3);
}

static void add_clue(struct scores *s, const struct clue_row *c)
{
	if (c->role == ROLE_UNKNOWN) {
		add_text(s, c);
		return;
	}
	double weight = c->confidence;
	/* one that only one end was seen to use it for may be a test; several are a service */
	if (c->what == WHAT_SERVES && weight < 0.9 && __builtin_popcount(c->peers) >= PEERS_SEVERAL)
		weight = 1 - (1 - weight) * 0.6;
	add(s, (enum device_role)c->role, weight);
}

static struct guess best(const struct scores *s, bool medical_only)
{
	struct guess g = { ROLE_UNKNOWN, 0 };
	for (unsigned r = 1; r < ROLES; r++) {
		double confidence = 1 - s->not[r];
		if ((!medical_only || roles[r].medical) && confidence > g.confidence + 1e-9)
			g = (struct guess){ (enum device_role)r, confidence };
	}
	return g;
}

struct guess role_judge(const struct evidence *e)
{
	if (e->configured != ROLE_UNKNOWN)
		return (struct guess){ e->configured, 1 };
	struct scores s;
	for (unsigned r = 0; r < ROLES; r++)
		s.not[r] = 1;
	for (unsigned i = 0; i < e->nclues; i++)
		add_clue(&s, &e->clues[i]);
	add_vitals(&s, e);
	add_habits(&s, e);
	/* an archive passes images on as well as taking them */
	if (s.not[ROLE_PACS] <= MEDICAL_FROM)
		s.not[ROLE_IMAGING] = 1;
	struct guess medical = best(&s, true);
	struct guess any = medical.confidence >= MEDICAL_FROM ? medical : best(&s, false);
	any.confidence = fmin(round(any.confidence * 100) / 100, 0.99);  /* only a person is certain */
	return any.confidence < SAID_FROM ? (struct guess){ ROLE_UNKNOWN, 0 } : any;
}
