/* SPDX-License-Identifier: MIT
 *
 * Source descriptions of RTCP. See rtcp-sdes.h. */

#include "rtcp-sdes.h"

/* RFC 3550, 6.5. */
#define SOURCE_DESCRIPTION 202
#define VERSION 2
#define HEADER_SIZE 4
#define COUNT_MASK 0x1f
#define SSRC_SIZE 4
#define ITEM_HEADER_SIZE 2
#define ITEM_END 0
#define ITEM_NOTE 7 /* the last one that is text alone; PRIV follows */

/* Length of the packet that begins there; 0: it is cut, or none. */
static gsize
packet_length (const guint8 *data, gsize size)
{
  if (size < HEADER_SIZE || data[0] >> 6 != VERSION)
    return 0;
  gsize length = (((gsize) data[2] << 8 | data[3]) + 1) * 4;
  return length <= size ? length : 0;
}

typedef enum {
  PLAIN,
  STRANGE, /* whole, with items that are not text alone */
  DAMAGED,
} State;

/* The items of a chunk from @at on. @texts: (nullable): @packet, where what is
 * strange becomes a note. Returns: where the next chunk begins; 0: they are
 * damaged */
static gsize
skip_items (
    const guint8 *packet, gsize length, gsize at, State *state, guint8 *texts)
{
  while (at < length && packet[at] != ITEM_END) {
    if (at + ITEM_HEADER_SIZE > length)
      return 0;
    if (packet[at] > ITEM_NOTE) {
      *state = STRANGE;
      if (texts)
        texts[at] = ITEM_NOTE;
    }
    at += ITEM_HEADER_SIZE + packet[at + 1];
  }
  /* One zero or more, up to the next 32 bits. */
  return at < length ? (at / 4 + 1) * 4 : 0;
}

static State
look_through (const guint8 *packet, gsize length, guint8 *texts)
{
  State state = PLAIN;
  gsize at = HEADER_SIZE;

  if (packet[1] != SOURCE_DESCRIPTION)
    return PLAIN;
  for (guint n = packet[0] & COUNT_MASK; n > 0; n--) {
    at = skip_items (packet, length, at + SSRC_SIZE, &state, texts);
    if (at == 0)
      return DAMAGED;
  }
  return state;
}

gboolean
penstock_rtcp_sdes_is_plain (const guint8 *data, gsize size)
{
  gsize length;

  while ((length = packet_length (data, size)) > 0) {
    if (look_through (data, length, NULL) != PLAIN)
      return FALSE;
    data += length;
    size -= length;
  }
  return size == 0;
}

void
penstock_rtcp_sdes_make_plain (guint8 *data, gsize size)
{
  gsize length;

  while ((length = packet_length (data, size)) > 0) {
    State state = look_through (data, length, NULL);
    if (state == STRANGE)
      look_through (data, length, data);
    else if (state == DAMAGED)
      data[0] &= (guint8) ~COUNT_MASK;
    data += length;
    size -= length;
  }
}
