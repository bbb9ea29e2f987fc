/* SPDX-License-Identifier: MIT
 *
 * A bin that plays a media file in real time, once or in an endless loop
 * without a seam. Source pads `video_%u` and `audio_%u` appear with the
 * streams, in canonical formats (design section 4). */
#ifndef PENSTOCK_FILE_SOURCE_H
#define PENSTOCK_FILE_SOURCE_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PENSTOCK_TYPE_FILE_SOURCE (penstock_file_source_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockFileSource, penstock_file_source, PENSTOCK, FILE_SOURCE, GstBin)

/**
 * penstock_file_source_new:
 * @path: an MP4, Matroska/WebM, FLV or MPEG-TS file
 * @loop: begin again at the end; else EOS
 * @paced: by the pipeline's clock; %FALSE for tests: as fast as it is read
 *
 * Failures that only this bin knows are told by penstock_input_fail(), streams
 * it leaves out by penstock_input_ignore_track().
 *
 * Returns: (transfer floating): the bin
 */
GstElement *penstock_file_source_new (
    const gchar *path, gboolean loop, gboolean paced);

G_END_DECLS

#endif /* PENSTOCK_FILE_SOURCE_H */
