/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ARM programs of the lab's images, by their functions. */
#pragma once

#include "lab/arm.h"
#include "lab/net.h"

/* Sends what the patient's file holds to 202.114.4.120, and takes programs from 202.114.4.119. */
void monitor_obeying(struct arm *a);
/* The same, with the command that mounts as text in the file, and with it masked by exclusive or. */
void monitor_as_text(struct arm *a);
void monitor_encoded(struct arm *a);
/* The same built anew: /opt/app/patientui, stripped, with its functions at other addresses. */
void monitor_renamed(struct arm *a);
/* The twin: server, port and switches come from /etc/monitor.conf, updates are verified first. */
void monitor_configured(struct arm *a);
/* Texts of many applets, of which none proves anything. */
void box_program(struct arm *a);
/* Functions that compute, branch, format and compare; about 150 KiB. Its dice are the net's generator. */
void filler_program(struct arm *a, struct net *dice);
