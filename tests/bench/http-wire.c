/* SPDX-License-Identifier: MIT
 *
 * RFC 9112: 4 status line, 6 body, 7.1 chunks. ISO/IEC 14496-12: 4.2 boxes,
 * 8.16.5 producer reference time. */

#include "http-wire.h"

#include <stdlib.h>
#include <string.h>

#define NTP_TO_UNIX_S G_GINT64_CONSTANT (2208988800)
#define BOX_HEAD 8

void
http_wire_next (HttpWireReader *self)
{
  self->state = HTTP_WIRE_HEAD;
  self->status = self->n_line = 0;
  self->left = 0;
}

/* Value of a header, NULL: it is not there. */
static const gchar *
header (const gchar *head, const gchar *name)
{
  gsize size = strlen (name);

  for (const gchar *at = strstr (head, "\r\n"); at; at = strstr (at, "\r\n")) {
    at += 2;
    if (g_ascii_strncasecmp (at, name, size) == 0 && at[size] == ':')
      return at + size + 1 + strspn (at + size + 1, " ");
  }
  return NULL;
}

static void
take_head (HttpWireReader *self)
{
  const gchar *length = header (self->line, "content-length");
  const gchar *coding = header (self->line, "transfer-encoding");

  self->state = HTTP_WIRE_BROKEN;
  if (!g_str_has_prefix (self->line, "HTTP/1.1 "))
    return;
  self->status = (guint) atoi (self->line + 9);
  if (coding && g_ascii_strncasecmp (coding, "chunked", 7) == 0) {
    self->state = HTTP_WIRE_CHUNK_SIZE;
  } else if (length) {
    self->left = g_ascii_strtoull (length, NULL, 10);
    self->state = self->left ? HTTP_WIRE_BODY : HTTP_WIRE_COMPLETE;
  }
}

/* A line, with its end, or the whole head. */
static void
take_line (HttpWireReader *self)
{
  switch (self->state) {
  case HTTP_WIRE_HEAD:
    take_head (self);
    break;
  case HTTP_WIRE_CHUNK_SIZE:
    self->left = g_ascii_strtoull (self->line, NULL, 16);
    self->state = !g_ascii_isxdigit (self->line[0]) ? HTTP_WIRE_BROKEN
        : self->left                                ? HTTP_WIRE_CHUNK
                                                    : HTTP_WIRE_TRAILER;
    break;
  case HTTP_WIRE_CHUNK_END:
    self->state = self->n_line == 2 ? HTTP_WIRE_CHUNK_SIZE : HTTP_WIRE_BROKEN;
    break;
  default: /* the trailer ends with an empty line */
    if (self->n_line == 2)
      self->state = HTTP_WIRE_COMPLETE;
  }
  self->n_line = 0;
}

static void
take_byte (HttpWireReader *self, gchar byte)
{
  const gchar *end = self->state == HTTP_WIRE_HEAD ? "\r\n\r\n" : "\r\n";

  if (self->n_line + 2 > sizeof self->line) {
    self->state = HTTP_WIRE_BROKEN;
    return;
  }
  self->line[self->n_line++] = byte;
  self->line[self->n_line] = 0;
  if (byte == '\n' && g_str_has_suffix (self->line, end))
    take_line (self);
}

gsize
http_wire_read (HttpWireReader *self, const guint8 *data, gsize size,
    HttpWireFunc func, gpointer user_data)
{
  gsize at = 0;

  while (at < size && self->state < HTTP_WIRE_COMPLETE) {
    if (self->state != HTTP_WIRE_BODY && self->state != HTTP_WIRE_CHUNK) {
      take_byte (self, (gchar) data[at++]);
      continue;
    }
    gsize n = MIN (size - at, self->left);
    func (data + at, n, user_data);
    at += n;
    self->left -= n;
    if (self->left == 0)
      self->state = self->state == HTTP_WIRE_BODY ? HTTP_WIRE_COMPLETE
                                                  : HTTP_WIRE_CHUNK_END;
  }
  return at;
}

/* --- boxes ------------------------------------------------------------------ */

static guint64
get (const guint8 *data, guint bytes)
{
  guint64 value = 0;

  for (guint i = 0; i < bytes; i++)
    value = value << 8 | data[i];
  return value;
}

/* FALSE: such a size cannot be. */
static gboolean
take_box_head (BoxWatch *self)
{
  guint64 size = get (self->head, 4);
  gboolean timed = memcmp (self->head + 4, "prft", 4) == 0;

  if (size < (timed ? sizeof self->head : BOX_HEAD))
    return FALSE;
  if (timed && self->n_head < sizeof self->head)
    return TRUE;
  if (timed)
    self->made_us =
        ((gint64) get (self->head + 16, 4) - NTP_TO_UNIX_S) * G_USEC_PER_SEC +
        (gint64) (get (self->head + 20, 4) * G_USEC_PER_SEC >> 32);
  self->is_media = memcmp (self->head + 4, "mdat", 4) == 0;
  self->left = size - self->n_head;
  self->n_head = 0;
  return TRUE;
}

gboolean
box_watch_read (BoxWatch *self, const guint8 *data, gsize size,
    BoxWatchFunc func, gpointer user_data)
{
  for (gsize at = 0; at < size;) {
    gsize n = MIN (size - at, self->left);

    if (n == 0) {
      self->head[self->n_head++] = data[at++];
      if (self->n_head >= BOX_HEAD &&
          (self->n_head == BOX_HEAD || self->n_head == sizeof self->head) &&
          !take_box_head (self))
        return FALSE;
      continue;
    }
    at += n;
    self->left -= n;
    if (self->left == 0 && self->is_media && self->made_us) {
      func (self->made_us, user_data);
      self->made_us = 0;
    }
  }
  return TRUE;
}
