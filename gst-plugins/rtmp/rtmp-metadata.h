/* SPDX-License-Identifier: MIT
 *
 * onMetaData of a publication. Pure. */
#ifndef PENSTOCK_RTMP_METADATA_H
#define PENSTOCK_RTMP_METADATA_H

#include "flv-caps.h"
#include "rtmp-message.h"

G_BEGIN_DECLS

/**
 * PenstockRtmpMetadata:
 * @hints: for the caps
 * @video, @audio: the publisher says that this kind will come
 */
typedef struct {
  PenstockFlvHints hints;
  gboolean video, audio;
} PenstockRtmpMetadata;

/* Reads a data message in any of the forms in use (with or without
 * "@setDataFrame", once or twice, AMF0 or AMF3). FALSE when it is no
 * onMetaData. */
gboolean penstock_rtmp_metadata_parse (
    const PenstockRtmpMessage *message, PenstockRtmpMetadata *out);

/* The same for an application: numbers (d), booleans (b) and texts (s) by name,
 * of several with one name the last; what is nested is left out. (transfer full)
 * (nullable): `a{sv}`, %NULL when it is no onMetaData. */
GVariant *penstock_rtmp_metadata_to_variant (
    const PenstockRtmpMessage *message);

G_END_DECLS

#endif /* PENSTOCK_RTMP_METADATA_H */
