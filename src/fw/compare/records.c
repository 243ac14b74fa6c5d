/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Field tables of a comparison. */
#include "fw/compare/compare.h"

static const struct field member_change_fields[] = {
	[MCH_CHANGES] = { "changes", F_TEXTS, "added, removed, renamed, content, permission, owner, link or type" },
	[MCH_PATH] = { "path", F_TEXT, "its name in the new image; of removed ones in the old" },
	[MCH_FROM] = { "from", F_TEXT, "of renamed ones: its name in the old image" },
	[MCH_TYPE] = { "type", F_TEXT, "file, folder, symbolic link …" },
	[MCH_CLASS] = { "class", F_TEXT, "what the content is: program, script, accounts …" },
	[MCH_WHERE] = { "where", F_TEXT, "the way to it" },
	[MCH_OLD_MODE] = { "old_mode", F_TEXT, "permissions as stored, octal, where they differ" },
	[MCH_NEW_MODE] = { "new_mode", F_TEXT, "permissions as stored, octal, where they differ" },
	[MCH_OLD_SIZE] = { "old_size", F_UINT, "content", "bytes" },
	[MCH_NEW_SIZE] = { "new_size", F_UINT, "content", "bytes" },
	[MCH_OLD_SHA256] = { "old_sha256", F_HASH, "of the content" },
	[MCH_NEW_SHA256] = { "new_sha256", F_HASH, "of the content" },
	[MCH_OLD_TARGET] = { "old_target", F_TEXT, "of links, where they differ" },
	[MCH_NEW_TARGET] = { "new_target", F_TEXT, "of links, where they differ" },
	[MCH_HOLDS] = { "holds", F_BOOL, "a container lies in it, whose members are compared themselves" },
};
RECORD_TYPE(member_change_type, "member_change", "A member of two images that is not the same in both",
	    member_change_fields);

static const struct field start_change_fields[] = {
	[SCH_CHANGE] = { "change", F_TEXT, "added, removed, or now with (without) a condition" },
	[SCH_WHEN] = { "when", F_TEXT, "boot, respawn, run level, cron …" },
	[SCH_COMMAND] = { "command", F_TEXT, "what is run" },
	[SCH_PROGRAM] = { "program", F_TEXT, "the member that runs, when it is in the image" },
	[SCH_BY] = { "by", F_TEXT, "the member that says so" },
	[SCH_LINE] = { "line", F_UINT, "where in it" },
	[SCH_CONDITIONAL] = { "conditional", F_BOOL, "stands under a condition" },
};
RECORD_TYPE(start_change_type, "start_change", "What one of two images starts and the other does not",
	    start_change_fields);

static const struct field identity_change_fields[] = {
	[ICH_WHAT] = { "what", F_TEXT, "maker, model, version, kernel, built …" },
	[ICH_OLD] = { "old", F_TEXTS, "what only the old image says" },
	[ICH_NEW] = { "new", F_TEXTS, "what only the new image says" },
};
RECORD_TYPE(identity_change_type, "identity_change", "What two images say of themselves, where they say it otherwise",
	    identity_change_fields);

static const struct field function_change_fields[] = {
	[FCH_CHANGE] = { "change", F_TEXT, "added, removed or changed" },
	[FCH_PROGRAM] = { "program", F_TEXT, "the program, by its name in the new image" },
	[FCH_FUNCTION] = { "function", F_TEXT, "its symbol, or sub_ADDRESS" },
	[FCH_OLD_ENTRY] = { "old_entry", F_UINT, "address in the old image's program" },
	[FCH_NEW_ENTRY] = { "new_entry", F_UINT, "address in the new image's program" },
	[FCH_OLD_INSTRUCTIONS] = { "old_instructions", F_UINT, "how many it had" },
	[FCH_NEW_INSTRUCTIONS] = { "new_instructions", F_UINT, "how many it has" },
};
RECORD_TYPE(function_change_type, "function_change", "A function of a program that two images have in different forms",
	    function_change_fields);

static const struct field verdict_fields[] = {
	[VER_VERDICT] = { "verdict", F_TEXT,
			  "removed, still there, still there but no longer started, moved, changed, new, or not seen" },
	[VER_GONE] = { "gone", F_BOOL, "the new image does not do it" },
	[VER_SEVERITY] = { "severity", F_TEXT, "of the newer of the two findings" },
	[VER_RULE] = { "rule", F_TEXT, "rule that found it; see auscult explain" },
	[VER_TITLE] = { "title", F_TEXT, "of the newer of the two findings" },
	[VER_WHY] = { "why", F_TEXT, "what the verdict rests on, one sentence" },
	[VER_OLD] = { "old", F_TEXT, "id of the finding in the old image" },
	[VER_NEW] = { "new", F_TEXT, "id of the finding in the new image" },
	[VER_OLD_MEMBER] = { "old_member", F_TEXT, "file in the old image" },
	[VER_NEW_MEMBER] = { "new_member", F_TEXT, "file in the new image" },
	[VER_OLD_STARTED] = { "old_started", F_TEXT, "what starts that file in the old image" },
	[VER_NEW_STARTED] = { "new_started", F_TEXT, "what starts that file in the new image" },
	[VER_CHANGES] = { "changes", F_TEXTS, "what differs between the two findings" },
};
RECORD_TYPE(verdict_type, "verdict", "What became of a finding from one version of an image to the next",
	    verdict_fields);

static const struct field comparison_fields[] = {
	[CMP_OLD] = { "old", F_TEXT, "the old image" },
	[CMP_NEW] = { "new", F_TEXT, "the new image" },
	[CMP_RESULT] = { "result", F_TEXT,
			 "fixed, partly fixed, not fixed, nothing to fix, \"fixed, but something is new\", worse, or "
			 "not known; of --same: the same bytes, the same content, not the same" },
	[CMP_SENTENCE] = { "sentence", F_TEXT, "the same in words" },
	[CMP_REMOVED] = { "removed", F_UINT, "findings above info that the new image does not show" },
	[CMP_STILL] = { "still", F_UINT, "findings above info that are still there as they were" },
	[CMP_NOT_STARTED] = { "not_started", F_UINT, "findings above info that are still there but no longer started" },
	[CMP_MOVED] = { "moved", F_UINT, "findings above info that stand in another file now" },
	[CMP_CHANGED] = { "changed", F_UINT, "findings above info that are there in another form" },
	[CMP_ADDED] = { "added", F_UINT, "findings above info that the old image did not show" },
	[CMP_NOT_SEEN] = { "not_seen", F_UINT,
			   "findings above info not seen in a new image that could not be examined as far as the old" },
	[CMP_MEMBERS_SAME] = { "members_same", F_UINT, "members that are the same in both" },
	[CMP_MEMBERS_ADDED] = { "members_added", F_UINT, "members that the new image has alone" },
	[CMP_MEMBERS_REMOVED] = { "members_removed", F_UINT, "members that the old image has alone" },
	[CMP_MEMBERS_CHANGED] = { "members_changed", F_UINT,
				  "members with other content, permission, owner, link or name" },
	[CMP_STARTS] = { "starts", F_UINT, "differences of what is started" },
	[CMP_FUNCTIONS] = { "functions", F_UINT, "functions that differ" },
	[CMP_DOUBTS] = { "doubts", F_TEXTS, "why something could be in the new image and not be seen" },
	[CMP_DROPPED] = { "dropped", F_UINT, "differences past the cap of this comparison" },
};
RECORD_TYPE(comparison_type, "comparison", "Two firmware images against each other", comparison_fields);

const struct record_type *const compare_types[] = {
	&member_change_type, &identity_change_type, &function_change_type, &start_change_type,
	&verdict_type,	     &comparison_type,	    NULL,
};
