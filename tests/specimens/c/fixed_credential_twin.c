/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: what is typed is compared with what the owner has set. */
#include "specimen.h"

int main(void)
{
	char typed[32], kept[32];
	fputs("Service password: ", stdout);
	fflush(stdout);
	if (!fgets(typed, sizeof(typed), stdin) || !setting("pin=", kept, sizeof(kept)))
		return 1;
	typed[strcspn(typed, "\n")] = 0;
	if (strcmp(typed, kept) != 0)
		return 1;
	return execl("/opt/service/menu", "menu", (char *)NULL);
}
