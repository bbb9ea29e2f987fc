/* SPDX-License-Identifier: MIT
 *
 * Action Message Format: a lenient, bounded decoder of AMF0 and AMF3 and an
 * AMF0 encoder. Pure. Used for RTMP commands and for script data (metadata).
 * AMF0: "Action Message Format -- AMF 0" (2007); AMF3: the same of 2013. */
#ifndef PENSTOCK_RTMP_AMF_H
#define PENSTOCK_RTMP_AMF_H

#include "rtmp-message.h"

G_BEGIN_DECLS

typedef enum
{
  PENSTOCK_AMF_NULL, /* also undefined, unsupported, references to objects */
  PENSTOCK_AMF_NUMBER, /* also AMF3 integers */
  PENSTOCK_AMF_BOOLEAN,
  PENSTOCK_AMF_STRING, /* also long strings, XML and byte arrays */
  PENSTOCK_AMF_DATE,   /* number = milliseconds since 1970, UTC */
  PENSTOCK_AMF_OBJECT, /* also typed objects (the class name is dropped) */
  PENSTOCK_AMF_MAP,    /* ECMA array */
  PENSTOCK_AMF_ARRAY,  /* strict array */
} PenstockAmfType;

typedef struct _PenstockAmfProperty PenstockAmfProperty;

/**
 * PenstockAmfValue:
 * @number: of NUMBER and DATE (may be NaN or infinite); 0 or 1 of BOOLEAN
 * @string: of STRING, NUL-terminated raw bytes: may be invalid UTF-8
 * @length: bytes of @string (it may contain NULs), or elements of @items
 * @items: of OBJECT, MAP (with names) and ARRAY (names are NULL)
 *
 * A decoded value. It owns what is below it.
 */
typedef struct
{
  PenstockAmfType type;
  guint length;
  union
  {
    gdouble number;
    GRefString *string;
    PenstockAmfProperty *items;
  };
} PenstockAmfValue;

struct _PenstockAmfProperty
{
  GRefString *name; /* NULL in arrays */
  PenstockAmfValue value;
};

/**
 * penstock_amf0_parse:
 * @out: (out caller-allocates): free with penstock_amf_value_clear()
 *
 * One complete AMF0 value, strictly: ERROR for unknown markers and beyond the
 * bounds of rtmp-limits.h. A value behind the AMF3 switch (0x11) is decoded
 * as well.
 */
PenstockRtmpParse penstock_amf0_parse (const guint8 *data, gsize size,
    gsize *consumed, PenstockAmfValue *out);

/* One complete AMF3 value, with reference tables of its own. */
PenstockRtmpParse penstock_amf3_parse (const guint8 *data, gsize size,
    gsize *consumed, PenstockAmfValue *out);

/**
 * penstock_amf_parse_message:
 * @type: message type: 17 and 15 may begin with a format byte, which is skipped
 *
 * All values of a command or data message, leniently: an object whose end is
 * missing is kept, a broken value ends the list, and what was read before
 * counts.
 *
 * Returns: (transfer full) (element-type PenstockAmfValue): the values, maybe
 *   none
 */
GPtrArray *penstock_amf_parse_message (guint8 type, const guint8 *data,
    gsize size);
/* The same with other bounds than the default ones. */
GPtrArray *penstock_amf_parse_message_within (const PenstockRtmpLimits *limits,
    guint8 type, const guint8 *data, gsize size);

void penstock_amf_value_clear (PenstockAmfValue *value);

/* Property @name of an OBJECT or MAP (the last of several), NULL if there is
 * none or @value is something else or NULL. */
const PenstockAmfValue *penstock_amf_get (const PenstockAmfValue *value,
    const gchar *name);

/* (nullable): the string of property @name; NULL when it is no string. */
const gchar *penstock_amf_get_string (const PenstockAmfValue *value,
    const gchar *name);

/* FALSE when property @name is no number or boolean. */
gboolean penstock_amf_get_number (const PenstockAmfValue *value,
    const gchar *name, gdouble *number);

/* (transfer full): @string as valid UTF-8 without control characters (both
 * become '?'), for logs and status; at most @max bytes. */
gchar *penstock_amf_text (const gchar *string, gsize max);

/* Element @i of a parsed message, NULL beyond its end. */
const PenstockAmfValue *penstock_amf_nth (GPtrArray *values, guint i);

/* Writers append to @out. Strings above 65535 bytes become long strings. An
 * object is begun, filled with name and value pairs, and ended. */
void penstock_amf0_write_number (GByteArray *out, gdouble number);
void penstock_amf0_write_boolean (GByteArray *out, gboolean value);
void penstock_amf0_write_string (GByteArray *out, const gchar *string);
void penstock_amf0_write_null (GByteArray *out);
void penstock_amf0_begin_object (GByteArray *out);
/* @count is a hint for the reader. */
void penstock_amf0_begin_map (GByteArray *out, guint32 count);
void penstock_amf0_write_name (GByteArray *out, const gchar *name);
/* Ends an object or map. */
void penstock_amf0_end_object (GByteArray *out);
/* Exactly @count values follow; there is no end. */
void penstock_amf0_begin_array (GByteArray *out, guint32 count);
/* The whole of @value, the mirror of penstock_amf0_parse(). */
void penstock_amf0_write_value (GByteArray *out,
    const PenstockAmfValue *value);

G_END_DECLS

#endif /* PENSTOCK_RTMP_AMF_H */
