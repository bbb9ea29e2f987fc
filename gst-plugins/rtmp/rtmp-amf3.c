/* SPDX-License-Identifier: MIT
 *
 * AMF3 decoder (AMF 3, 2013). Strings referred to are shared, not copied;
 * references to objects become null: nothing grows beyond the bytes received. */

#include <string.h>

#include "rtmp-amf-reader.h"

/* AMF3, 3.1. */
typedef enum {
  MARKER3_UNDEFINED = 0x00,
  MARKER3_NULL = 0x01,
  MARKER3_FALSE = 0x02,
  MARKER3_TRUE = 0x03,
  MARKER3_INTEGER = 0x04,
  MARKER3_DOUBLE = 0x05,
  MARKER3_STRING = 0x06,
  MARKER3_XML_DOC = 0x07,
  MARKER3_DATE = 0x08,
  MARKER3_ARRAY = 0x09,
  MARKER3_OBJECT = 0x0a,
  MARKER3_XML = 0x0b,
  MARKER3_BYTE_ARRAY = 0x0c,
} Amf3Marker;

/* Names of the sealed members of a class, and whether more may follow. */
typedef struct {
  GPtrArray *names; /* of GRefString, owned */
  gboolean dynamic;
} Traits;

typedef struct {
  PenstockAmfReader *r;
  GPtrArray *strings; /* of GRefString, owned */
  GPtrArray *traits;  /* of Traits, owned */
} Amf3;

static PenstockRtmpParse amf3_value (Amf3 *a, PenstockAmfValue *out);

static void
traits_free (gpointer data)
{
  Traits *traits = data;

  g_ptr_array_unref (traits->names);
  g_free (traits);
}

static void
amf3_init (Amf3 *a, PenstockAmfReader *r)
{
  a->r = r;
  a->strings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_ref_string_release);
  a->traits = g_ptr_array_new_with_free_func (traits_free);
}

static void
amf3_clear (Amf3 *a)
{
  g_ptr_array_unref (a->strings);
  g_ptr_array_unref (a->traits);
}

/* Variable length unsigned 29 bit integer (AMF3, 1.3.1). */
static PenstockRtmpParse
take_u29 (Amf3 *a, guint32 *out)
{
  guint32 value = 0;

  for (guint i = 0; i < 4; i++) {
    const guint8 *p;
    PenstockRtmpParse result = penstock_amf_take (a->r, 1, &p);
    if (result != PENSTOCK_RTMP_PARSE_DONE)
      return result;
    if (i == 3) {
      *out = value << 8 | *p;
      return PENSTOCK_RTMP_PARSE_DONE;
    }
    value = value << 7 | (*p & 0x7f);
    if (!(*p & 0x80))
      break;
  }
  *out = value;
  return PENSTOCK_RTMP_PARSE_DONE;
}

/* U29S-ref or U29S-value with its bytes (AMF3, 1.3.2). */
static PenstockRtmpParse
take_string (Amf3 *a, GRefString **out)
{
  guint32 head;
  PenstockRtmpParse result = take_u29 (a, &head);

  if (result != PENSTOCK_RTMP_PARSE_DONE)
    return result;
  if (!(head & 1)) {
    if (head >> 1 >= a->strings->len)
      return PENSTOCK_RTMP_PARSE_ERROR;
    *out = g_ref_string_acquire (g_ptr_array_index (a->strings, head >> 1));
    return PENSTOCK_RTMP_PARSE_DONE;
  }
  result = penstock_amf_take_string (a->r, head >> 1, out);
  /* The empty string is never referred to. */
  if (result == PENSTOCK_RTMP_PARSE_DONE && head >> 1 > 0) {
    if (a->strings->len >= PENSTOCK_AMF_MAX_REFERENCES) {
      g_clear_pointer (out, g_ref_string_release);
      return PENSTOCK_RTMP_PARSE_ERROR;
    }
    g_ptr_array_add (a->strings, g_ref_string_acquire (*out));
  }
  return result;
}

/* XML and byte arrays: in the object table, so a reference becomes null. */
static PenstockRtmpParse
amf3_blob (Amf3 *a, PenstockAmfValue *out)
{
  guint32 head;
  GRefString *string;
  PenstockRtmpParse result = take_u29 (a, &head);

  if (result != PENSTOCK_RTMP_PARSE_DONE || !(head & 1))
    return result;
  result = penstock_amf_take_string (a->r, head >> 1, &string);
  if (result == PENSTOCK_RTMP_PARSE_DONE)
    penstock_amf_set_string (out, string);
  return result;
}

static PenstockRtmpParse
take_number (Amf3 *a, PenstockAmfType type, PenstockAmfValue *out)
{
  const guint8 *p;
  PenstockRtmpParse result = penstock_amf_take (a->r, 8, &p);

  if (result == PENSTOCK_RTMP_PARSE_DONE) {
    out->type = type;
    out->number = GST_READ_DOUBLE_BE (p);
  }
  return result;
}

static PenstockRtmpParse
amf3_date (Amf3 *a, PenstockAmfValue *out)
{
  guint32 head;
  PenstockRtmpParse result = take_u29 (a, &head);

  if (result != PENSTOCK_RTMP_PARSE_DONE || !(head & 1))
    return result;
  return take_number (a, PENSTOCK_AMF_DATE, out);
}

static PenstockRtmpParse
add_next (Amf3 *a, GRefString *name, PenstockAmfValue *out)
{
  PenstockAmfValue item = { PENSTOCK_AMF_NULL };
  PenstockRtmpParse result = amf3_value (a, &item);

  if (result == PENSTOCK_RTMP_PARSE_DONE)
    penstock_amf_add_item (a->r, out, name, &item);
  else
    g_clear_pointer (&name, g_ref_string_release);
  return result;
}

/* Name and value pairs up to an empty name. */
static PenstockRtmpParse
amf3_pairs (Amf3 *a, PenstockAmfValue *out)
{
  for (;;) {
    GRefString *name;
    PenstockRtmpParse result = take_string (a, &name);
    if (result != PENSTOCK_RTMP_PARSE_DONE)
      return result;
    if (*name == '\0') {
      g_ref_string_release (name);
      return PENSTOCK_RTMP_PARSE_DONE;
    }
    result = add_next (a, name, out);
    if (result != PENSTOCK_RTMP_PARSE_DONE)
      return result;
  }
}

/* AMF3, 3.11: an associative part, then a dense one. An array with names
 * becomes a MAP, whose dense part is dropped. */
static PenstockRtmpParse
amf3_array (Amf3 *a, PenstockAmfValue *out)
{
  guint32 head;
  PenstockRtmpParse result = take_u29 (a, &head);

  if (result != PENSTOCK_RTMP_PARSE_DONE || !(head & 1))
    return result;
  out->type = PENSTOCK_AMF_MAP;
  out->length = 0;
  out->items = NULL;
  result = amf3_pairs (a, out);
  if (result != PENSTOCK_RTMP_PARSE_DONE)
    return result;

  PenstockAmfValue dense = { PENSTOCK_AMF_ARRAY };
  for (guint32 n = head >> 1; n > 0; n--) {
    result = add_next (a, NULL, &dense);
    if (result != PENSTOCK_RTMP_PARSE_DONE) {
      penstock_amf_value_clear (&dense);
      return result;
    }
  }
  if (out->length == 0) {
    penstock_amf_value_clear (out);
    *out = dense;
  } else {
    penstock_amf_value_clear (&dense);
  }
  return PENSTOCK_RTMP_PARSE_DONE;
}

/* New traits: class name, then the names of the sealed members. */
static PenstockRtmpParse
take_traits (Amf3 *a, guint32 head, Traits **out)
{
  GRefString *name;
  guint32 count = head >> 4;
  PenstockRtmpParse result = take_string (a, &name);

  if (result != PENSTOCK_RTMP_PARSE_DONE)
    return result;
  g_ref_string_release (name);
  if (a->traits->len >= PENSTOCK_AMF_MAX_REFERENCES ||
      count > PENSTOCK_AMF_MAX_REFERENCES)
    return PENSTOCK_RTMP_PARSE_ERROR;

  Traits *traits = g_new0 (Traits, 1);
  traits->dynamic = (head & 8) != 0;
  traits->names =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_ref_string_release);
  for (; count > 0; count--) {
    result = take_string (a, &name);
    if (result != PENSTOCK_RTMP_PARSE_DONE) {
      traits_free (traits);
      return result;
    }
    g_ptr_array_add (traits->names, name);
  }
  g_ptr_array_add (a->traits, traits);
  *out = traits;
  return PENSTOCK_RTMP_PARSE_DONE;
}

/* AMF3, 3.12. Externalizable classes carry bytes only their code can read. */
static PenstockRtmpParse
amf3_object (Amf3 *a, PenstockAmfValue *out)
{
  guint32 head;
  Traits *traits;
  PenstockRtmpParse result = take_u29 (a, &head);

  if (result != PENSTOCK_RTMP_PARSE_DONE || !(head & 1))
    return result;
  if (!(head & 2)) {
    if (head >> 2 >= a->traits->len)
      return PENSTOCK_RTMP_PARSE_ERROR;
    traits = g_ptr_array_index (a->traits, head >> 2);
  } else {
    if (head & 4)
      return PENSTOCK_RTMP_PARSE_ERROR;
    result = take_traits (a, head, &traits);
    if (result != PENSTOCK_RTMP_PARSE_DONE)
      return result;
  }

  out->type = PENSTOCK_AMF_OBJECT;
  out->length = 0;
  out->items = NULL;
  for (guint i = 0; i < traits->names->len; i++) {
    GRefString *name = g_ptr_array_index (traits->names, i);
    result = add_next (a, g_ref_string_acquire (name), out);
    if (result != PENSTOCK_RTMP_PARSE_DONE)
      return result;
  }
  return traits->dynamic ? amf3_pairs (a, out) : PENSTOCK_RTMP_PARSE_DONE;
}

static PenstockRtmpParse
amf3_integer (Amf3 *a, PenstockAmfValue *out)
{
  guint32 value;
  PenstockRtmpParse result = take_u29 (a, &value);

  if (result == PENSTOCK_RTMP_PARSE_DONE) {
    out->type = PENSTOCK_AMF_NUMBER;
    out->number = value & 0x10000000 ? (gdouble) value - 0x20000000 : value;
  }
  return result;
}

static PenstockRtmpParse
amf3_body (Amf3 *a, guint8 marker, PenstockAmfValue *out)
{
  GRefString *string;
  PenstockRtmpParse result;

  switch (marker) {
  case MARKER3_UNDEFINED:
  case MARKER3_NULL:
    return PENSTOCK_RTMP_PARSE_DONE;
  case MARKER3_FALSE:
  case MARKER3_TRUE:
    out->type = PENSTOCK_AMF_BOOLEAN;
    out->number = marker == MARKER3_TRUE;
    return PENSTOCK_RTMP_PARSE_DONE;
  case MARKER3_INTEGER:
    return amf3_integer (a, out);
  case MARKER3_DOUBLE:
    return take_number (a, PENSTOCK_AMF_NUMBER, out);
  case MARKER3_STRING:
    result = take_string (a, &string);
    if (result == PENSTOCK_RTMP_PARSE_DONE)
      penstock_amf_set_string (out, string);
    return result;
  case MARKER3_XML_DOC:
  case MARKER3_XML:
  case MARKER3_BYTE_ARRAY:
    return amf3_blob (a, out);
  case MARKER3_DATE:
    return amf3_date (a, out);
  case MARKER3_ARRAY:
    return amf3_array (a, out);
  case MARKER3_OBJECT:
    return amf3_object (a, out);
  default:
    return PENSTOCK_RTMP_PARSE_ERROR;
  }
}

static PenstockRtmpParse
amf3_value (Amf3 *a, PenstockAmfValue *out)
{
  const guint8 *marker;
  PenstockRtmpParse result = penstock_amf_enter (a->r);

  if (result != PENSTOCK_RTMP_PARSE_DONE)
    return result;
  result = penstock_amf_take (a->r, 1, &marker);
  if (result == PENSTOCK_RTMP_PARSE_DONE)
    result = amf3_body (a, *marker, out);
  a->r->depth--;
  if (result != PENSTOCK_RTMP_PARSE_DONE)
    penstock_amf_value_clear (out);
  return result;
}

PenstockRtmpParse
penstock_amf3_switch (PenstockAmfReader *r, PenstockAmfValue *out)
{
  Amf3 a;

  amf3_init (&a, r);
  PenstockRtmpParse result = amf3_value (&a, out);
  amf3_clear (&a);
  return result;
}

PenstockRtmpParse
penstock_amf3_parse (
    const guint8 *data, gsize size, gsize *consumed, PenstockAmfValue *out)
{
  PenstockAmfReader r = {
    .data = data, .size = size, .limits = &penstock_rtmp_default_limits
  };
  PenstockAmfValue value = { PENSTOCK_AMF_NULL };
  PenstockRtmpParse result = penstock_amf3_switch (&r, &value);

  if (result == PENSTOCK_RTMP_PARSE_DONE) {
    *out = value;
    *consumed = r.pos;
  }
  return result;
}
