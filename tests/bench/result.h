/* SPDX-License-Identifier: MIT
 *
 * What the results of the load generators have in common: members of an object
 * of JSON. Times in milliseconds. */

#pragma once

#include <json-glib/json-glib.h>

#include "proc-stat.h"
#include "samples.h"

/* Number, minimum, percentiles and maximum of @samples (nanoseconds) as member
 * @name. */
void result_set_samples (
    JsonObject *parent, const gchar *name, Samples *samples);

/* Both ends of a measurement: what the load generator is asked for and takes. */
typedef struct {
  gint viewers;
  gdouble seconds, mbit;
  guint64 cpu_ns; /* of its own */
} ResultRun;

void result_set_run (JsonObject *object, const ResultRun *run);

/* What is between both ends of a measurement, of the server with @viewers. */
typedef struct {
  ProcStat idle; /* with one viewer */
  ProcStat begin, end;
  gdouble seconds, mbit;
  gint viewers;
  gboolean has_core; /* a processor of the server was read */
} ResultServer;

/* Sets cost and size of the server as member "server". */
void result_set_server (JsonObject *parent, const ResultServer *server);

/* (transfer full): the object as text */
gchar *result_to_text (JsonObject *object);
/* @object goes to standard output and, when not %NULL, to @file. FALSE: it cannot,
 * which standard error says. */
gboolean result_tell (JsonObject *object, const gchar *file);
/* Writes @text to @file. FALSE: it cannot, which standard error says. */
gboolean result_write (const gchar *file, const gchar *text);
