/* SPDX-License-Identifier: MIT */
#ifndef PENSTOCK_ERROR_H
#define PENSTOCK_ERROR_H

#include <glib-object.h>

G_BEGIN_DECLS

#define PENSTOCK_ERROR (penstock_error_quark ())

/**
 * PenstockError:
 * @PENSTOCK_ERROR_FAILED: something that no other code names
 * @PENSTOCK_ERROR_CONFIG_SYNTAX: the file is not JSON (RFC 8259)
 * @PENSTOCK_ERROR_CONFIG: the file is JSON but not a valid route map
 * @PENSTOCK_ERROR_IO: a file could not be read or written
 * @PENSTOCK_ERROR_ADDRESS_IN_USE: another process listens on the port
 * @PENSTOCK_ERROR_NOT_FOUND: no such route
 * @PENSTOCK_ERROR_NOT_READY: not available yet
 * @PENSTOCK_ERROR_MISSING_ELEMENT: a GStreamer element is not installed
 *
 * Codes of the domain %PENSTOCK_ERROR.
 *
 * Since: 0.1
 */
typedef enum
{
  PENSTOCK_ERROR_FAILED,
  PENSTOCK_ERROR_CONFIG_SYNTAX,
  PENSTOCK_ERROR_CONFIG,
  PENSTOCK_ERROR_IO,
  PENSTOCK_ERROR_ADDRESS_IN_USE,
  PENSTOCK_ERROR_NOT_FOUND,
  PENSTOCK_ERROR_NOT_READY,
  PENSTOCK_ERROR_MISSING_ELEMENT,
} PenstockError;

GQuark penstock_error_quark (void);

G_END_DECLS

#endif /* PENSTOCK_ERROR_H */
