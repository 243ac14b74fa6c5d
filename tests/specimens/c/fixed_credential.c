/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-credential: what is typed is compared with a constant, then a privileged deed follows. */
#include "specimen.h"

int main(void)
{
	char typed[32];
	fputs("Service password: ", stdout);
	fflush(stdout);
	if (!fgets(typed, sizeof(typed), stdin))
		return 1;
	typed[strcspn(typed, "\n")] = 0;
	if (strcmp(typed, "specimen-7731") != 0)
		return 1;
	setuid(0);
	return execl("/opt/service/menu", "menu", (char *)NULL);
}
