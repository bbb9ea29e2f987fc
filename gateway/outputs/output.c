/* SPDX-License-Identifier: MIT
 *
 * The kinds of output: a new one is a row here. */

#include "output.h"

const PenstockOutputType *
penstock_output_type_for (PenstockOutputKind kind)
{
  switch (kind) {
  case PENSTOCK_OUTPUT_RTSP:
    return &penstock_output_rtsp;
  case PENSTOCK_OUTPUT_RTMP:
    return &penstock_output_rtmp;
  case PENSTOCK_OUTPUT_RTMP_PUSH:
    return &penstock_output_rtmp_push;
  case PENSTOCK_OUTPUT_DASH:
    return &penstock_output_dash;
  }
  g_return_val_if_reached (NULL);
}
