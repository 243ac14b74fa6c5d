/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For cppcheck alone, which does not see the headers of libraries: macros that stand where a loop begins. */
#pragma once

#define json_object_foreach(object, key, value) for (key = 0, value = 0;;)
#define json_array_foreach(array, index, value) for (index = 0, value = 0;;)
