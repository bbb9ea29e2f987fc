/* SPDX-License-Identifier: MIT
 *
 * AMF0 decoder and encoder, values and look-up. AMF3 is in rtmp-amf3.c; both
 * share the reader of rtmp-amf-reader.h. */

#include "rtmp-amf.h"

#include <string.h>

#include "rtmp-amf-reader.h"

/* AMF0, 2.1. */
typedef enum {
  MARKER_NUMBER = 0x00,
  MARKER_BOOLEAN = 0x01,
  MARKER_STRING = 0x02,
  MARKER_OBJECT = 0x03,
  MARKER_NULL = 0x05,
  MARKER_UNDEFINED = 0x06,
  MARKER_REFERENCE = 0x07,
  MARKER_ECMA_ARRAY = 0x08,
  MARKER_OBJECT_END = 0x09,
  MARKER_STRICT_ARRAY = 0x0a,
  MARKER_DATE = 0x0b,
  MARKER_LONG_STRING = 0x0c,
  MARKER_UNSUPPORTED = 0x0d,
  MARKER_XML = 0x0f,
  MARKER_TYPED_OBJECT = 0x10,
  MARKER_AMF3 = 0x11,
} Amf0Marker;

/* Reader helpers, shared with AMF3 */

PenstockRtmpParse
penstock_amf_take (PenstockAmfReader *r, gsize n, const guint8 **bytes)
{
  if (r->size - r->pos < n)
    return PENSTOCK_RTMP_PARSE_MORE;
  *bytes = r->data + r->pos;
  r->pos += n;
  return PENSTOCK_RTMP_PARSE_DONE;
}

PenstockRtmpParse
penstock_amf_take_string (PenstockAmfReader *r, gsize n, GRefString **out)
{
  const guint8 *bytes;
  PenstockRtmpParse result = penstock_amf_take (r, n, &bytes);

  if (result == PENSTOCK_RTMP_PARSE_DONE)
    *out = g_ref_string_new_len (
        (const gchar *) bytes, MIN (n, r->limits->amf_string));
  return result;
}

void
penstock_amf_set_string (PenstockAmfValue *value, GRefString *string)
{
  value->type = PENSTOCK_AMF_STRING;
  value->string = string;
  value->length = g_ref_string_length (string);
}

/* A growing list of properties; what is beyond the bound is dropped. */
void
penstock_amf_add_item (const PenstockAmfReader *r, PenstockAmfValue *value,
    GRefString *name, PenstockAmfValue *item)
{
  if (value->length >= r->limits->amf_properties &&
      value->type != PENSTOCK_AMF_ARRAY) {
    g_clear_pointer (&name, g_ref_string_release);
    penstock_amf_value_clear (item);
    return;
  }
  /* The room doubles whenever the length reaches a power of two. */
  guint n = value->length;
  if ((n & (n - 1)) == 0)
    value->items =
        g_renew (PenstockAmfProperty, value->items, n == 0 ? 1 : 2 * n);
  value->items[n].name = name;
  value->items[n].value = *item;
  value->length = n + 1;
}

PenstockRtmpParse
penstock_amf_enter (PenstockAmfReader *r)
{
  if (r->n_values >= PENSTOCK_AMF_MAX_VALUES ||
      r->depth >= r->limits->amf_depth)
    return PENSTOCK_RTMP_PARSE_ERROR;
  r->n_values++;
  r->depth++;
  return PENSTOCK_RTMP_PARSE_DONE;
}

/* AMF0 */

static PenstockRtmpParse amf0_value (
    PenstockAmfReader *r, PenstockAmfValue *out);

static PenstockRtmpParse
take_u16_string (PenstockAmfReader *r, GRefString **out)
{
  const guint8 *p;
  PenstockRtmpParse result = penstock_amf_take (r, 2, &p);

  if (result == PENSTOCK_RTMP_PARSE_DONE)
    result = penstock_amf_take_string (r, GST_READ_UINT16_BE (p), out);
  return result;
}

static PenstockRtmpParse
take_u32_string (PenstockAmfReader *r, GRefString **out)
{
  const guint8 *p;
  PenstockRtmpParse result = penstock_amf_take (r, 4, &p);

  if (result == PENSTOCK_RTMP_PARSE_DONE)
    result = penstock_amf_take_string (r, GST_READ_UINT32_BE (p), out);
  return result;
}

static gboolean
at_object_end (const PenstockAmfReader *r)
{
  return r->size - r->pos >= 3 && r->data[r->pos] == 0 &&
      r->data[r->pos + 1] == 0 && r->data[r->pos + 2] == MARKER_OBJECT_END;
}

/* Name and value pairs up to the object end (AMF0, 2.5). */
static PenstockRtmpParse
amf0_properties (PenstockAmfReader *r, PenstockAmfValue *out)
{
  for (;;) {
    GRefString *name = NULL;
    PenstockAmfValue item = { PENSTOCK_AMF_NULL };

    if (at_object_end (r)) {
      r->pos += 3;
      return PENSTOCK_RTMP_PARSE_DONE;
    }
    PenstockRtmpParse result = take_u16_string (r, &name);
    if (result != PENSTOCK_RTMP_PARSE_DONE)
      return result;
    result = amf0_value (r, &item);
    /* A container that broke off still holds what was read of it. */
    if (result == PENSTOCK_RTMP_PARSE_DONE ||
        (r->lenient && item.type >= PENSTOCK_AMF_OBJECT)) {
      penstock_amf_add_item (r, out, name, &item);
    } else {
      g_ref_string_release (name);
    }
    if (result != PENSTOCK_RTMP_PARSE_DONE)
      return result;
  }
}

static PenstockRtmpParse
amf0_object (PenstockAmfReader *r, guint8 marker, PenstockAmfValue *out)
{
  PenstockRtmpParse result = PENSTOCK_RTMP_PARSE_DONE;
  const guint8 *count;

  if (marker == MARKER_TYPED_OBJECT) {
    GRefString *class_name = NULL;
    result = take_u16_string (r, &class_name);
    g_clear_pointer (&class_name, g_ref_string_release);
  } else if (marker == MARKER_ECMA_ARRAY) {
    /* The count is only a hint: 0 and 65535 occur. */
    result = penstock_amf_take (r, 4, &count);
  }
  if (result != PENSTOCK_RTMP_PARSE_DONE)
    return result;
  out->type =
      marker == MARKER_ECMA_ARRAY ? PENSTOCK_AMF_MAP : PENSTOCK_AMF_OBJECT;
  out->length = 0;
  out->items = NULL;
  return amf0_properties (r, out);
}

static PenstockRtmpParse
amf0_array (PenstockAmfReader *r, PenstockAmfValue *out)
{
  const guint8 *p;
  PenstockRtmpParse result = penstock_amf_take (r, 4, &p);

  if (result != PENSTOCK_RTMP_PARSE_DONE)
    return result;
  out->type = PENSTOCK_AMF_ARRAY;
  out->length = 0;
  out->items = NULL;
  for (guint32 n = GST_READ_UINT32_BE (p); n > 0; n--) {
    PenstockAmfValue item = { PENSTOCK_AMF_NULL };
    result = amf0_value (r, &item);
    if (result == PENSTOCK_RTMP_PARSE_DONE ||
        (r->lenient && item.type >= PENSTOCK_AMF_OBJECT))
      penstock_amf_add_item (r, out, NULL, &item);
    if (result != PENSTOCK_RTMP_PARSE_DONE)
      return result;
  }
  return PENSTOCK_RTMP_PARSE_DONE;
}

static gdouble
read_double (const guint8 *p)
{
  return GST_READ_DOUBLE_BE (p);
}

static PenstockRtmpParse
amf0_string (PenstockAmfReader *r, guint8 marker, PenstockAmfValue *out)
{
  GRefString *string = NULL;
  PenstockRtmpParse result = marker == MARKER_STRING
      ? take_u16_string (r, &string)
      : take_u32_string (r, &string);

  if (result == PENSTOCK_RTMP_PARSE_DONE)
    penstock_amf_set_string (out, string);
  return result;
}

static PenstockRtmpParse
amf0_body (PenstockAmfReader *r, guint8 marker, PenstockAmfValue *out)
{
  const guint8 *p;
  PenstockRtmpParse result;

  switch (marker) {
  case MARKER_NUMBER:
    if ((result = penstock_amf_take (r, 8, &p)) == PENSTOCK_RTMP_PARSE_DONE) {
      out->type = PENSTOCK_AMF_NUMBER;
      out->number = read_double (p);
    }
    return result;
  case MARKER_BOOLEAN:
    if ((result = penstock_amf_take (r, 1, &p)) == PENSTOCK_RTMP_PARSE_DONE) {
      out->type = PENSTOCK_AMF_BOOLEAN;
      out->number = p[0] != 0;
    }
    return result;
  case MARKER_DATE: /* milliseconds, time zone (reserved) */
    if ((result = penstock_amf_take (r, 10, &p)) == PENSTOCK_RTMP_PARSE_DONE) {
      out->type = PENSTOCK_AMF_DATE;
      out->number = read_double (p);
    }
    return result;
  case MARKER_STRING:
  case MARKER_LONG_STRING:
  case MARKER_XML:
    return amf0_string (r, marker, out);
  case MARKER_OBJECT:
  case MARKER_ECMA_ARRAY:
  case MARKER_TYPED_OBJECT:
    return amf0_object (r, marker, out);
  case MARKER_STRICT_ARRAY:
    return amf0_array (r, out);
  case MARKER_NULL:
  case MARKER_UNDEFINED:
  case MARKER_UNSUPPORTED:
    return PENSTOCK_RTMP_PARSE_DONE;
  case MARKER_REFERENCE: /* following it would let a small message grow */
    return penstock_amf_take (r, 2, &p);
  case MARKER_AMF3:
    return penstock_amf3_switch (r, out);
  default:
    return PENSTOCK_RTMP_PARSE_ERROR;
  }
}

/* On anything but DONE, @out may hold the part of a container that was read;
 * the caller clears or keeps it. */
static PenstockRtmpParse
amf0_value (PenstockAmfReader *r, PenstockAmfValue *out)
{
  const guint8 *marker;
  PenstockRtmpParse result = penstock_amf_enter (r);

  if (result != PENSTOCK_RTMP_PARSE_DONE)
    return result;
  result = penstock_amf_take (r, 1, &marker);
  if (result == PENSTOCK_RTMP_PARSE_DONE)
    result = amf0_body (r, *marker, out);
  r->depth--;
  if (result != PENSTOCK_RTMP_PARSE_DONE && !r->lenient) {
    penstock_amf_value_clear (out);
  }
  return result;
}

PenstockRtmpParse
penstock_amf0_parse (
    const guint8 *data, gsize size, gsize *consumed, PenstockAmfValue *out)
{
  PenstockAmfReader r = {
    .data = data, .size = size, .limits = &penstock_rtmp_default_limits
  };
  PenstockAmfValue value = { PENSTOCK_AMF_NULL };
  PenstockRtmpParse result = amf0_value (&r, &value);

  if (result == PENSTOCK_RTMP_PARSE_DONE) {
    *out = value;
    *consumed = r.pos;
  } else {
    penstock_amf_value_clear (&value);
  }
  return result;
}

static void
value_free (gpointer data)
{
  penstock_amf_value_clear (data);
  g_free (data);
}

GPtrArray *
penstock_amf_parse_message (guint8 type, const guint8 *data, gsize size)
{
  return penstock_amf_parse_message_within (
      &penstock_rtmp_default_limits, type, data, size);
}

GPtrArray *
penstock_amf_parse_message_within (const PenstockRtmpLimits *limits,
    guint8 type, const guint8 *data, gsize size)
{
  GPtrArray *values = g_ptr_array_new_with_free_func (value_free);
  PenstockAmfReader r = {
    .data = data, .size = size, .lenient = TRUE, .limits = limits
  };

  /* AMF3 messages begin with a format byte; a minority leaves it out, and
   * their first byte is the marker of the command's name. */
  if ((type == PENSTOCK_RTMP_COMMAND_AMF3 || type == PENSTOCK_RTMP_DATA_AMF3) &&
      size > 0 && data[0] == 0)
    r.pos = 1;

  while (r.pos < r.size) {
    PenstockAmfValue value = { PENSTOCK_AMF_NULL };
    PenstockRtmpParse result = amf0_value (&r, &value);
    if (result == PENSTOCK_RTMP_PARSE_DONE || value.type >= PENSTOCK_AMF_OBJECT)
      g_ptr_array_add (values, g_memdup2 (&value, sizeof value));
    if (result != PENSTOCK_RTMP_PARSE_DONE)
      break;
  }
  return values;
}

void
penstock_amf_value_clear (PenstockAmfValue *value)
{
  if (value->type == PENSTOCK_AMF_STRING) {
    g_clear_pointer (&value->string, g_ref_string_release);
  } else if (value->type >= PENSTOCK_AMF_OBJECT) {
    for (guint i = 0; i < value->length; i++) {
      g_clear_pointer (&value->items[i].name, g_ref_string_release);
      penstock_amf_value_clear (&value->items[i].value);
    }
    g_clear_pointer (&value->items, g_free);
  }
  value->type = PENSTOCK_AMF_NULL;
  value->length = 0;
}

const PenstockAmfValue *
penstock_amf_nth (GPtrArray *values, guint i)
{
  return i < values->len ? g_ptr_array_index (values, i) : NULL;
}

const PenstockAmfValue *
penstock_amf_get (const PenstockAmfValue *value, const gchar *name)
{
  if (!value ||
      (value->type != PENSTOCK_AMF_OBJECT && value->type != PENSTOCK_AMF_MAP))
    return NULL;
  for (guint i = value->length; i > 0; i--) {
    const PenstockAmfProperty *item = &value->items[i - 1];
    if (item->name && g_str_equal (item->name, name))
      return &item->value;
  }
  return NULL;
}

const gchar *
penstock_amf_get_string (const PenstockAmfValue *value, const gchar *name)
{
  const PenstockAmfValue *item = penstock_amf_get (value, name);

  return item && item->type == PENSTOCK_AMF_STRING ? item->string : NULL;
}

gboolean
penstock_amf_get_number (
    const PenstockAmfValue *value, const gchar *name, gdouble *number)
{
  const PenstockAmfValue *item = penstock_amf_get (value, name);

  if (!item ||
      (item->type != PENSTOCK_AMF_NUMBER && item->type != PENSTOCK_AMF_BOOLEAN))
    return FALSE;
  *number = item->number;
  return TRUE;
}

gchar *
penstock_amf_text (const gchar *string, gsize max)
{
  g_autofree gchar *valid = g_utf8_make_valid (string, strnlen (string, max));
  GString *text = g_string_new (NULL);

  for (const gchar *p = valid; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (g_unichar_iscntrl (c) || c == 0xfffd)
      g_string_append_c (text, '?');
    else
      g_string_append_unichar (text, c);
  }
  return g_string_free (text, FALSE);
}

/* Encoder */

static void
append_u8 (GByteArray *out, guint8 value)
{
  g_byte_array_append (out, &value, 1);
}

static void
append_u16 (GByteArray *out, guint16 value)
{
  guint8 be[2];
  GST_WRITE_UINT16_BE (be, value);
  g_byte_array_append (out, be, 2);
}

static void
append_u32 (GByteArray *out, guint32 value)
{
  guint8 be[4];
  GST_WRITE_UINT32_BE (be, value);
  g_byte_array_append (out, be, 4);
}

static void
append_double (GByteArray *out, gdouble value)
{
  guint8 be[8];
  GST_WRITE_DOUBLE_BE (be, value);
  g_byte_array_append (out, be, 8);
}

void
penstock_amf0_write_number (GByteArray *out, gdouble number)
{
  append_u8 (out, MARKER_NUMBER);
  append_double (out, number);
}

void
penstock_amf0_write_boolean (GByteArray *out, gboolean value)
{
  append_u8 (out, MARKER_BOOLEAN);
  append_u8 (out, value ? 1 : 0);
}

static void
write_bytes (GByteArray *out, const gchar *bytes, gsize size)
{
  if (size <= G_MAXUINT16) {
    append_u8 (out, MARKER_STRING);
    append_u16 (out, size);
  } else {
    append_u8 (out, MARKER_LONG_STRING);
    append_u32 (out, size);
  }
  g_byte_array_append (out, (const guint8 *) bytes, size);
}

void
penstock_amf0_write_string (GByteArray *out, const gchar *string)
{
  write_bytes (out, string, strlen (string));
}

void
penstock_amf0_write_null (GByteArray *out)
{
  append_u8 (out, MARKER_NULL);
}

void
penstock_amf0_begin_object (GByteArray *out)
{
  append_u8 (out, MARKER_OBJECT);
}

void
penstock_amf0_begin_map (GByteArray *out, guint32 count)
{
  append_u8 (out, MARKER_ECMA_ARRAY);
  append_u32 (out, count);
}

static void
write_name (GByteArray *out, const gchar *name, gsize size)
{
  size = MIN (size, G_MAXUINT16);
  append_u16 (out, size);
  g_byte_array_append (out, (const guint8 *) name, size);
}

void
penstock_amf0_write_name (GByteArray *out, const gchar *name)
{
  write_name (out, name, strlen (name));
}

void
penstock_amf0_end_object (GByteArray *out)
{
  append_u16 (out, 0);
  append_u8 (out, MARKER_OBJECT_END);
}

void
penstock_amf0_begin_array (GByteArray *out, guint32 count)
{
  append_u8 (out, MARKER_STRICT_ARRAY);
  append_u32 (out, count);
}

static void
write_items (GByteArray *out, const PenstockAmfValue *value)
{
  for (guint i = 0; i < value->length; i++) {
    GRefString *name = value->items[i].name;
    if (value->type != PENSTOCK_AMF_ARRAY)
      write_name (out, name, g_ref_string_length (name));
    penstock_amf0_write_value (out, &value->items[i].value);
  }
  if (value->type != PENSTOCK_AMF_ARRAY)
    penstock_amf0_end_object (out);
}

void
penstock_amf0_write_value (GByteArray *out, const PenstockAmfValue *value)
{
  switch (value->type) {
  case PENSTOCK_AMF_NULL:
    penstock_amf0_write_null (out);
    break;
  case PENSTOCK_AMF_NUMBER:
    penstock_amf0_write_number (out, value->number);
    break;
  case PENSTOCK_AMF_BOOLEAN:
    penstock_amf0_write_boolean (out, value->number != 0);
    break;
  case PENSTOCK_AMF_STRING:
    write_bytes (out, value->string, value->length);
    break;
  case PENSTOCK_AMF_DATE:
    append_u8 (out, MARKER_DATE);
    append_double (out, value->number);
    append_u16 (out, 0);
    break;
  case PENSTOCK_AMF_OBJECT:
    penstock_amf0_begin_object (out);
    write_items (out, value);
    break;
  case PENSTOCK_AMF_MAP:
    penstock_amf0_begin_map (out, value->length);
    write_items (out, value);
    break;
  case PENSTOCK_AMF_ARRAY:
    penstock_amf0_begin_array (out, value->length);
    write_items (out, value);
    break;
  }
}
