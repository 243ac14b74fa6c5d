/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: the same copy from a stick, only when the signature over it holds. */
#include "specimen.h"

int main(void)
{
	if (system("openssl dgst -sha256 -verify /etc/update.pub -signature /media/usb/sig /media/usb/update.tar") != 0)
		return 1;
	if (system("tar -xf /media/usb/update.tar -C /opt/new") != 0)
		return 1;
	return rename("/opt/new", "/opt/bin");
}
