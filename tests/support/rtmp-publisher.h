/* SPDX-License-Identifier: MIT
 *
 * A blocking RTMP publisher for tests: the session of the product in client
 * role, and a socket. */
#ifndef PENSTOCK_TESTS_RTMP_PUBLISHER_H
#define PENSTOCK_TESTS_RTMP_PUBLISHER_H

#include <gio/gio.h>

typedef struct _TestPublisher TestPublisher;

/* Connects to 127.0.0.1 and publishes @name (maybe with a query) of @app.
 * NULL when the server refuses. */
TestPublisher *test_publisher_new (
    guint port, const gchar *app, const gchar *name);

/* Sends one message; FALSE when the server has closed the connection. */
gboolean test_publisher_send (TestPublisher *self, guint8 type,
    guint32 timestamp, const guint8 *data, gsize size);
/* The same from hexadecimal digits. */
gboolean test_publisher_send_hex (
    TestPublisher *self, guint8 type, guint32 timestamp, const gchar *hex);

/* FCUnpublish and deleteStream, waits until the server has closed, frees. */
void test_publisher_goodbye (TestPublisher *self);
/* Closes the socket without a word, frees. */
void test_publisher_vanish (TestPublisher *self);
/* Waits until the server closes the connection. */
void test_publisher_wait_closed (TestPublisher *self);

#endif /* PENSTOCK_TESTS_RTMP_PUBLISHER_H */
