/* SPDX-License-Identifier: MIT
 *
 * What the AMF0 and AMF3 decoders share: a bounded position in a span. Only
 * for rtmp-amf.c and rtmp-amf3.c. */
#ifndef PENSTOCK_RTMP_AMF_READER_H
#define PENSTOCK_RTMP_AMF_READER_H

#include "rtmp-amf.h"

G_BEGIN_DECLS

/**
 * PenstockAmfReader:
 * @depth: values we are inside of
 * @n_values: values begun, of all levels
 * @lenient: a container that breaks off is kept with what was read
 * @limits: its amf_ members count
 */
typedef struct
{
  const guint8 *data;
  gsize size;
  gsize pos;
  guint depth;
  guint n_values;
  gboolean lenient;
  const PenstockRtmpLimits *limits;
} PenstockAmfReader;

/* Counts a value and a level; the caller takes the level back. */
PenstockRtmpParse penstock_amf_enter (PenstockAmfReader *r);
/* The next @n bytes, or MORE. */
PenstockRtmpParse penstock_amf_take (PenstockAmfReader *r, gsize n,
    const guint8 **bytes);
/* The next @n bytes as a string, of which MAX_STRING bytes are kept. */
PenstockRtmpParse penstock_amf_take_string (PenstockAmfReader *r, gsize n,
    GRefString **out);
/* Takes @string. */
void penstock_amf_set_string (PenstockAmfValue *value, GRefString *string);
/* Takes @name and @item; drops them when the object is full. */
void penstock_amf_add_item (const PenstockAmfReader *r,
    PenstockAmfValue *value, GRefString *name, PenstockAmfValue *item);
/* One AMF3 value inside AMF0 (marker 0x11). */
PenstockRtmpParse penstock_amf3_switch (PenstockAmfReader *r,
    PenstockAmfValue *out);

G_END_DECLS

#endif /* PENSTOCK_RTMP_AMF_READER_H */
