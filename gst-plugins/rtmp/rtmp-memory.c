/* SPDX-License-Identifier: MIT
 *
 * A count of bytes with a bound. See rtmp-memory.h. */

#include "rtmp-memory.h"

#include "rtmp-limits.h"

/* All atomic. */
struct _PenstockRtmpMemory {
  gint ref_count;
  guint64 max, bytes;
};

PenstockRtmpMemory *
penstock_rtmp_memory_new (void)
{
  PenstockRtmpMemory *memory = g_new0 (PenstockRtmpMemory, 1);

  memory->ref_count = 1;
  return memory;
}

PenstockRtmpMemory *
penstock_rtmp_memory_ref (PenstockRtmpMemory *memory)
{
  g_atomic_int_inc (&memory->ref_count);
  return memory;
}

void
penstock_rtmp_memory_unref (PenstockRtmpMemory *memory)
{
  if (memory && g_atomic_int_dec_and_test (&memory->ref_count))
    g_free (memory);
}

void
penstock_rtmp_memory_set_max (PenstockRtmpMemory *memory, guint64 max)
{
  __atomic_store_n (&memory->max, max, __ATOMIC_RELAXED);
}

gboolean
penstock_rtmp_memory_take (PenstockRtmpMemory *memory, gsize n)
{
  if (!memory)
    return TRUE;
  guint64 max = __atomic_load_n (&memory->max, __ATOMIC_RELAXED);
  guint64 bytes = __atomic_add_fetch (&memory->bytes, n, __ATOMIC_RELAXED);
  if (max == 0 || bytes <= max)
    return TRUE;
  penstock_rtmp_memory_give (memory, n);
  return FALSE;
}

void
penstock_rtmp_memory_give (PenstockRtmpMemory *memory, gsize n)
{
  if (memory)
    __atomic_fetch_sub (&memory->bytes, n, __ATOMIC_RELAXED);
}

guint64
penstock_rtmp_memory_get_bytes (PenstockRtmpMemory *memory)
{
  return __atomic_load_n (&memory->bytes, __ATOMIC_RELAXED);
}

gboolean
penstock_rtmp_memory_is_full (PenstockRtmpMemory *memory)
{
  guint64 max = __atomic_load_n (&memory->max, __ATOMIC_RELAXED);

  return max > 0 &&
      penstock_rtmp_memory_get_bytes (memory) >=
      max / 100 * PENSTOCK_RTMP_MEMORY_FULL;
}
