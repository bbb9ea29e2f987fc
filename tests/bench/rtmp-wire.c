/* SPDX-License-Identifier: MIT
 *
 * RTMP 1.0: 5.2 handshake, 5.3 chunks, 7.2 commands. */

#include "rtmp-wire.h"

#include <string.h>

#define SET_CHUNK_SIZE 1
#define OWN_CHUNK_SIZE 0x100000
#define CSID_CONTROL 2
#define CSID_COMMAND 3
#define CSID_MEDIA 6
#define EXTENDED 0xffffff

void
rtmp_wire_hello (GByteArray *out)
{
  const guint8 version = 3;
  guint8 random[RTMP_WIRE_HANDSHAKE] = { 0 };

  for (guint i = 8; i < sizeof random; i++)
    random[i] = (guint8) (i * 31);
  g_byte_array_append (out, &version, 1);
  g_byte_array_append (out, random, sizeof random);
}

/* --- writing -------------------------------------------------------------- */

static void
put (GByteArray *out, guint64 value, guint bytes)
{
  for (guint i = bytes; i > 0; i--) {
    guint8 byte = (guint8) (value >> 8 * (i - 1));
    g_byte_array_append (out, &byte, 1);
  }
}

static void
put_text (GByteArray *out, const gchar *text)
{
  put (out, strlen (text), 2);
  g_byte_array_append (out, (const guint8 *) text, (guint) strlen (text));
}

static void
put_string (GByteArray *out, const gchar *text)
{
  put (out, 2, 1);
  put_text (out, text);
}

static void
put_number (GByteArray *out, gdouble number)
{
  guint64 bits;

  memcpy (&bits, &number, sizeof bits);
  put (out, 0, 1);
  put (out, bits, 8);
}

static void
put_message (GByteArray *out, guint csid, guint8 type, guint32 stream,
    guint32 time, const guint8 *data, gsize size)
{
  put (out, csid, 1);
  put (out, time < EXTENDED ? time : EXTENDED, 3);
  put (out, size, 3);
  put (out, type, 1);
  put (out, GUINT32_SWAP_LE_BE (stream), 4);
  if (time >= EXTENDED)
    put (out, time, 4);
  g_byte_array_append (out, data, (guint) size);
}

static void
put_command (GByteArray *out, guint32 stream, GByteArray *command)
{
  put_message (out, CSID_COMMAND, RTMP_WIRE_COMMAND, stream, 0, command->data,
      command->len);
  g_byte_array_set_size (command, 0);
}

void
rtmp_wire_ask (GByteArray *out, const gchar *app, const gchar *name,
    const gchar *tc_url, gboolean publish)
{
  g_autoptr (GByteArray) command = g_byte_array_new ();
  const guint8 echo[RTMP_WIRE_HANDSHAKE] = { 0 };
  guint8 size[4];

  g_byte_array_append (out, echo, sizeof echo);
  size[0] = 0;
  size[1] = OWN_CHUNK_SIZE >> 16;
  size[2] = size[3] = 0;
  put_message (out, CSID_CONTROL, SET_CHUNK_SIZE, 0, 0, size, sizeof size);
  put_string (command, "connect");
  put_number (command, 1);
  put (command, 3, 1);
  put_text (command, "app");
  put_string (command, app);
  put_text (command, "tcUrl");
  put_string (command, tc_url);
  put (command, 9, 3);
  put_command (out, 0, command);
  put_string (command, "createStream");
  put_number (command, 2);
  put (command, 5, 1);
  put_command (out, 0, command);
  put_string (command, publish ? "publish" : "play");
  put_number (command, publish ? 3 : 0);
  put (command, 5, 1);
  put_string (command, name);
  if (publish)
    put_string (command, "live");
  put_command (out, 1, command);
}

void
rtmp_wire_message (
    GByteArray *out, guint8 type, guint32 time, const guint8 *data, gsize size)
{
  put_message (out, CSID_MEDIA, type, 1, time, data, size);
}

/* --- reading -------------------------------------------------------------- */

void
rtmp_wire_reader_init (RtmpWireReader *self)
{
  memset (self, 0, sizeof *self);
  self->chunk_size = 128;
}

static guint32
get (const guint8 *data, guint bytes)
{
  guint32 value = 0;

  for (guint i = 0; i < bytes; i++)
    value = value << 8 | data[i];
  return value;
}

/* Bytes of the header that begins with @data, 0 = more than @size. */
static guint
header_size (const guint8 *data, guint size)
{
  static const guint sizes[] = { 12, 8, 4, 1 };
  guint n = sizes[data[0] >> 6];

  if (size < n)
    return 0;
  if (n >= 4 && get (data + 1, 3) == EXTENDED)
    n += 4;
  return size < n ? 0 : n;
}

static gboolean
begin_chunk (RtmpWireReader *self, const guint8 *header)
{
  guint csid = header[0] & 0x3f, format = header[0] >> 6;
  RtmpWireStream *stream = &self->streams[csid];

  /* Only one-byte numbers are used by servers. */
  if (csid < 2)
    return FALSE;
  if (format <= 1) {
    stream->size = get (header + 4, 3);
    stream->type = header[7];
  }
  if (stream->left == 0)
    stream->left = stream->size;
  self->current = stream;
  self->chunk_left = MIN (stream->left, self->chunk_size);
  return stream->size > 0;
}

static void
end_message (RtmpWireReader *self, RtmpWireStream *stream, RtmpWireMessage func,
    gpointer user_data)
{
  if (stream->type == SET_CHUNK_SIZE)
    self->chunk_size = MAX (get (stream->peek, 4), 1);
  else
    func (stream, user_data);
}

static gsize
take_payload (RtmpWireReader *self, const guint8 *data, gsize size,
    RtmpWireMessage func, gpointer user_data)
{
  RtmpWireStream *stream = self->current;
  gsize n = MIN (size, self->chunk_left);
  gsize at = stream->size - stream->left;

  if (at < RTMP_WIRE_PEEK)
    memcpy (stream->peek + at, data, MIN (n, RTMP_WIRE_PEEK - at));
  stream->left -= (guint32) n;
  self->chunk_left -= (guint32) n;
  if (self->chunk_left == 0)
    self->current = NULL;
  if (stream->left == 0)
    end_message (self, stream, func, user_data);
  return n;
}

/* Byte by byte only where a header is cut. */
static gsize
take_header (RtmpWireReader *self, const guint8 *data, gsize size)
{
  guint whole = self->n_header == 0
      ? header_size (data, (guint) MIN (size, sizeof self->header))
      : 0;

  if (whole > 0) {
    self->broken = !begin_chunk (self, data);
    return whole;
  }
  self->header[self->n_header++] = data[0];
  if (header_size (self->header, self->n_header) > 0) {
    self->broken = !begin_chunk (self, self->header);
    self->n_header = 0;
  }
  return 1;
}

gboolean
rtmp_wire_read (RtmpWireReader *self, const guint8 *data, gsize size,
    RtmpWireMessage func, gpointer user_data)
{
  while (size > 0 && !self->broken) {
    gsize n = self->current ? take_payload (self, data, size, func, user_data)
                            : take_header (self, data, size);
    data += n;
    size -= n;
  }
  return !self->broken;
}
