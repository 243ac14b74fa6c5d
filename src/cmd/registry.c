/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every record type of the program, in one order: what crosses between its processes and what the
 * reference lists. Nested types follow those they stand in. */
#include "advisory/advisory.h"
#include "cmd/cmd.h"
#include "cmd/inspected.h"
#include "decode/vitals.h"
#include "decode/waveform.h"
#include "finding/finding.h"
#include "fw/compare/compare.h"
#include "fw/model/binary.h"
#include "fw/model/database.h"
#include "fw/model/identity.h"
#include "fw/model/startup.h"
#include "fw/model/strings.h"
#include "fw/model/yara.h"
#include "fw/unpack/records.h"
#include "fw/flow/trace.h"
#include "inventory/inventory.h"
#include "track/device.h"
#include "track/health.h"

static const struct record_type *const own[] = {
	&finding_type, &case_type, &exposure_type, &device_type, &health_type, &flow_type, &contact_type, &answer_type,
	&again_type, &rewrite_type, &transfer_type, &learnt_type, &vitals_type,
	&waveform_type,
	&container_type, &member_type, &area_type, &strip_type, &device_tree_type, &partition_type, &inspection_type,
	&extract_type,
	&account_type, &identity_type, &key_type, &start_type,
	&advisory_type, &refused_type, &asset_type, &headings_type, &binary_type, &linked_type, &yara_match_type,
	&string_type, &table_type,
	&inspected_type, NULL,
};

void command_registry(struct registry *g)
{
	*g = (struct registry){ 0 };
	registry_add_all(g, own);
	registry_add_all(g, trace_types);
	registry_add_all(g, compare_types);
	for (int i = 0; decoders[i]; i++)
		registry_add_all(g, decoders[i]->types);
	registry_ready(g);
}
