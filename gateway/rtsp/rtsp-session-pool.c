/* SPDX-License-Identifier: MIT
 *
 * Session identifiers from the kernel's random generator; the library takes
 * GLib's, which can be predicted. */

#include "rtsp-session-pool.h"

#include <errno.h>
#include <sys/random.h>

/* 128 bits, as hexadecimal digits (RFC 2326, 3.4: at least 8 characters). */
#define ID_BYTES 16

struct _PenstockRtspSessionPool {
  GstRTSPSessionPool parent;
};

G_DEFINE_FINAL_TYPE (PenstockRtspSessionPool, penstock_rtsp_session_pool,
    GST_TYPE_RTSP_SESSION_POOL)

static gchar *
create_session_id (GstRTSPSessionPool *pool)
{
  static const gchar digits[] = "0123456789abcdef";
  guint8 bytes[ID_BYTES];
  gchar id[2 * ID_BYTES + 1] = { 0 };
  ssize_t n;

  do
    n = getrandom (bytes, sizeof (bytes), 0);
  while (n < 0 && errno == EINTR);
  if (n != sizeof (bytes))
    return NULL; /* refuses the session */
  for (guint i = 0; i < ID_BYTES; i++) {
    id[2 * i] = digits[bytes[i] >> 4];
    id[2 * i + 1] = digits[bytes[i] & 15];
  }
  return g_strdup (id);
}

GstRTSPSessionPool *
penstock_rtsp_session_pool_new (void)
{
  return g_object_new (PENSTOCK_TYPE_RTSP_SESSION_POOL, NULL);
}

static void
penstock_rtsp_session_pool_class_init (PenstockRtspSessionPoolClass *klass)
{
  GST_RTSP_SESSION_POOL_CLASS (klass)->create_session_id = create_session_id;
}

static void
penstock_rtsp_session_pool_init (PenstockRtspSessionPool *self)
{
}
