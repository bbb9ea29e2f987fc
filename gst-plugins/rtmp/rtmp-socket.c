/* SPDX-License-Identifier: MIT
 *
 * TCP sockets as RTMP wants them. */

#include "rtmp-socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 512
/* A peer that vanished is noticed after about 25 s, with data in flight
 * after 15 s. */
#define KEEPALIVE_IDLE_S 10
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT 3
#define USER_TIMEOUT_MS 15000

static void
set_option (int fd, int level, int name, int value)
{
  /* None of these is needed to work: an old kernel may refuse. */
  (void) setsockopt (fd, level, name, &value, sizeof value);
}

void
penstock_rtmp_socket_tune (int fd)
{
  set_option (fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option (fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option (fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
  set_option (fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
  set_option (fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
  set_option (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
}

/* Numeric addresses and "localhost". */
static GInetAddress *
parse_host (const gchar *host)
{
  if (!host || *host == '\0')
    return g_inet_address_new_any (G_SOCKET_FAMILY_IPV6);
  if (g_ascii_strcasecmp (host, "localhost") == 0)
    return g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  return g_inet_address_new_from_string (host);
}

static gsize
to_native (GInetAddress *address, guint16 port, struct sockaddr_storage *native)
{
  g_autoptr (GSocketAddress) full = g_inet_socket_address_new (address, port);

  memset (native, 0, sizeof *native);
  g_socket_address_to_native (full, native, sizeof *native, NULL);
  return g_socket_address_get_native_size (full);
}

static int
try_listen (GInetAddress *address, guint16 port)
{
  struct sockaddr_storage native;
  gsize size = to_native (address, port, &native);
  int fd =
      socket (native.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;
  set_option (fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (native.ss_family == AF_INET6)
    set_option (fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (bind (fd, (struct sockaddr *) &native, size) < 0 ||
      listen (fd, BACKLOG) < 0) {
    int saved = errno;
    close (fd);
    errno = saved;
    return -1;
  }
  return fd;
}

static guint16
local_port (int fd)
{
  struct sockaddr_storage native;
  socklen_t size = sizeof native;

  if (getsockname (fd, (struct sockaddr *) &native, &size) < 0)
    return 0;
  g_autoptr (GSocketAddress) full =
      g_socket_address_new_from_native (&native, size);
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (full));
}

static void
set_listen_error (GError **error, const gchar *host, guint16 port, int number)
{
  gboolean v6 = strchr (host, ':') != NULL;
  const gchar *left = v6 ? "[" : "";
  const gchar *right = v6 ? "]" : "";

  if (number == EADDRINUSE)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
        "cannot listen for RTMP on %s%s%s:%u: the port is in use", left, host,
        right, port);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (number),
        "cannot listen for RTMP on %s%s%s:%u: %s", left, host, right, port,
        g_strerror (number));
}

int
penstock_rtmp_socket_listen (
    const gchar *host, guint16 *port, gchar **address, GError **error)
{
  g_autoptr (GInetAddress) wanted = parse_host (host);

  if (!wanted) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "cannot listen for RTMP on \"%s\": not an IP address", host);
    return -1;
  }
  g_autofree gchar *text = g_inet_address_to_string (wanted);
  int fd = try_listen (wanted, *port);
  /* No IPv6 here, or switched off. */
  if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL) &&
      g_inet_address_get_is_any (wanted)) {
    g_object_unref (wanted);
    wanted = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
    fd = try_listen (wanted, *port);
  }
  if (fd < 0) {
    set_listen_error (error, text, *port, errno);
    return -1;
  }
  *port = local_port (fd);
  *address = g_steal_pointer (&text);
  return fd;
}

gchar *
penstock_rtmp_socket_peer_text (
    const PenstockRtmpAddress *address, guint16 port)
{
  const guint8 *b = address->bytes;
  struct in6_addr v6;
  gchar text[INET6_ADDRSTRLEN];

  memcpy (&v6, b, sizeof v6);
  if (IN6_IS_ADDR_V4MAPPED (&v6))
    return g_strdup_printf ("%u.%u.%u.%u:%u", b[12], b[13], b[14], b[15], port);
  if (!inet_ntop (AF_INET6, &v6, text, sizeof text))
    return g_strdup ("unknown");
  return g_strdup_printf ("[%s]:%u", text, port);
}

/* An IPv4 address mapped into IPv6 (RFC 4291, 2.5.5.2). */
static void
read_address (const struct sockaddr_storage *native,
    PenstockRtmpAddress *address, guint16 *port)
{
  const struct sockaddr_in *v4 = (const struct sockaddr_in *) native;
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) native;

  *address = (PenstockRtmpAddress){ { [10] = 0xff, [11] = 0xff } };
  if (native->ss_family == AF_INET6) {
    memcpy (address->bytes, &v6->sin6_addr, sizeof address->bytes);
    *port = g_ntohs (v6->sin6_port);
  } else {
    memcpy (address->bytes + 12, &v4->sin_addr, 4);
    *port = g_ntohs (v4->sin_port);
  }
}

int
penstock_rtmp_socket_accept (
    int listener, PenstockRtmpAddress *address, guint16 *port)
{
  struct sockaddr_storage native = { 0 };
  socklen_t size = sizeof native;
  int fd = accept4 (listener, (struct sockaddr *) &native, &size,
      SOCK_NONBLOCK | SOCK_CLOEXEC);

  if (fd >= 0)
    read_address (&native, address, port);
  return fd;
}

void
penstock_rtmp_socket_reset (int fd)
{
  const struct linger now = { .l_onoff = 1, .l_linger = 0 };

  (void) setsockopt (fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close (fd);
}

int
penstock_rtmp_socket_connect (GInetAddress *address, guint16 port)
{
  struct sockaddr_storage native;
  gsize size = to_native (address, port, &native);
  int fd =
      socket (native.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;
  penstock_rtmp_socket_tune (fd);
  if (connect (fd, (struct sockaddr *) &native, size) < 0 &&
      errno != EINPROGRESS) {
    int saved = errno;
    close (fd);
    errno = saved;
    return -1;
  }
  return fd;
}

int
penstock_rtmp_socket_get_error (int fd)
{
  int value = 0;
  socklen_t size = sizeof value;

  if (getsockopt (fd, SOL_SOCKET, SO_ERROR, &value, &size) < 0)
    return errno;
  return value;
}
