/* SPDX-License-Identifier: MIT
 *
 * A time stamp inside an H.264 stream: an SEI NAL unit with user data
 * (ITU-T H.264, D.1.7) that says when the picture left its source. The sources
 * of the benchmarks write it, the load generator reads it. */

#pragma once

#include <glib.h>

/* Bytes of the NAL unit, without start code or length. */
#define STAMP_NAL_SIZE 36

/* CLOCK_MONOTONIC, which the benchmarks share, in nanoseconds. */
guint64 stamp_now (void);

/* Writes the NAL unit for @time_ns, of a clock that writer and reader share. It
 * contains no two zero bytes in a row, so nothing needs escaping. */
void stamp_write (guint64 time_ns, guint8 nal[STAMP_NAL_SIZE]);

/* Reads @time_ns from a NAL unit. FALSE, and @time_ns untouched: another one. */
gboolean stamp_read (const guint8 *nal, gsize size, guint64 *time_ns);
