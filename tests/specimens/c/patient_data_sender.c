/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.patient-data-sender: a patient's name, number and birth date to a fixed address. */
#include "specimen.h"

int main(void)
{
	char name[64], id[32], birth[16], message[512];
	FILE *f = fopen("/opt/data/patient", "r");
	if (!f || !fgets(name, sizeof(name), f) || !fgets(id, sizeof(id), f) || !fgets(birth, sizeof(birth), f))
		return 1;
	fclose(f);
	snprintf(message, sizeof(message), "MSH|^~\\&|PM|BED|CENTRAL||||ORU^R01|1|P|2.3\rPID|1||%s||%s||%s\r", id, name,
		 birth);
	return tell(dial(inet_addr("203.0.113.51"), 511), message);
}
