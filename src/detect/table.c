/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of detectors, made from detect.def. */
#include "detect/detector.h"

#define DETECTOR(name) extern const struct detector detector_##name;
#include "detect/detect.def"
#undef DETECTOR

const struct detector *const detectors[] = {
#define DETECTOR(name) &detector_##name,
#include "detect/detect.def"
#undef DETECTOR
	NULL,
};
