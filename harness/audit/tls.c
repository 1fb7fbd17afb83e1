/* tls.c - see tls.h. */
#include "audit/tls.h"

#ifdef HIREDIS_SSL
#include <arpa/inet.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "base/printable.h"

#define REASON 200

static void ssl_context_freep(SSL_CTX **context)
{
    SSL_CTX_free(*context);
}

static void ssl_freep(SSL **ssl)
{
    SSL_free(*ssl);
}

const char *tls_version(void)
{
    return HIREDIS_SSL;
}

int tls_check(struct err *err)
{
    (void)err;
    return 0;
}

/* What the library says of the first thing that went wrong. */
static int refuse(const char *what, const char *text, struct err *err)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    char shown[REASON];

    printable_copy(shown, sizeof(shown), text, "");
    ERR_clear_error();
    return err_set(err, ERR_USAGE, "%s '%s': %s", what, shown,
                   reason ? reason : "it cannot be used");
}

static int load(const struct tls_options *options, SSL_CTX *context, struct err *err)
{
    bool named = options->cacert || options->cacertdir;

    if (named ? SSL_CTX_load_verify_locations(context, options->cacert,
                                              options->cacertdir) != 1
              : SSL_CTX_set_default_verify_paths(context) != 1)
        return refuse(options->cacert ? "--cacert" : "--cacertdir",
                      options->cacert      ? options->cacert
                      : options->cacertdir ? options->cacertdir
                                           : "of the system",
                      err);
    if (options->cert && SSL_CTX_use_certificate_chain_file(context, options->cert) != 1)
        return refuse("--cert", options->cert, err);
    if (options->key &&
        SSL_CTX_use_PrivateKey_file(context, options->key, SSL_FILETYPE_PEM) != 1)
        return refuse("--key", options->key, err);
    return 0;
}

/* Whose certificate it must be. */
static bool expect_name(const char *name, SSL *ssl)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
        return true;
    ERR_clear_error();
    return X509_VERIFY_PARAM_set1_host(param, name, 0) == 1;
}

static bool is_address(const char *name)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

static int fail(long verified, const char *name, const redisContext *connection,
                struct err *err)
{
    char shown[REASON];

    ERR_clear_error();
    if (verified == X509_V_ERR_HOSTNAME_MISMATCH ||
        verified == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        printable_copy(shown, sizeof(shown), name, "");
        return err_set(err, -EACCES,
                       "TLS: the server's certificate is not for '%s'; --sni NAME says "
                       "for whom it is",
                       shown);
    }
    if (verified != X509_V_OK)
        return err_set(err, -EACCES,
                       "TLS: the server's certificate is not trusted: %s; --cacert FILE "
                       "names the authority that is",
                       X509_verify_cert_error_string(verified));
    printable_copy(shown, sizeof(shown), connection->errstr, "");
    return err_set(err, -ECONNREFUSED, "TLS: %s; does it speak TLS on this port?", shown);
}

/* The server asks for a certificate, and there is none. */
static int note_lack(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
    static int lack;

    (void)certificate;
    (void)key;
    SSL_set_app_data(ssl, &lack);
    return 0;
}

int tls_start(const struct tls_options *options, const char *host,
              redisContext *connection, struct err *err)
{
    CLEANUP(ssl_context_freep) SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    CLEANUP(ssl_freep) SSL *ssl = NULL;
    const char *name = options->sni ? options->sni : host;
    long verified;

    if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION))
        return err_set(err, -ENOMEM, "TLS: out of memory");
    if (load(options, context, err) < 0)
        return err->code;
    SSL_CTX_set_verify(context, options->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                       NULL);
    SSL_CTX_set_client_cert_cb(context, note_lack);
    ssl = SSL_new(context);
    if (!ssl || (!options->insecure && !expect_name(name, ssl)) ||
        (!is_address(name) && SSL_set_tlsext_host_name(ssl, name) != 1))
        return err_set(err, ERR_USAGE, "TLS: this is no name of a host");
    if (redisInitiateSSL(connection, ssl) != REDIS_OK) {
        verified = options->insecure ? X509_V_OK : SSL_get_verify_result(ssl);
        return fail(verified, name, connection, err);
    }
    connection->privdata = TAKE_PTR(ssl); /* hiredis frees it with the connection */
    return 0;
}

bool tls_has_more(const redisContext *connection)
{
    return connection->privdata && SSL_pending(connection->privdata) > 0;
}

bool tls_lacks_certificate(const redisContext *connection)
{
    return connection->privdata && SSL_get_app_data((SSL *)connection->privdata);
}

#else

const char *tls_version(void)
{
    return NULL;
}

int tls_check(struct err *err)
{
    return err_set(err, ERR_USAGE,
                   "this afterkill speaks no TLS, for it was built without hiredis_ssl, "
                   "which comes with hiredis from 1.0 on: let stunnel or socat listen "
                   "on a port of this machine, and audit that");
}

int tls_start(const struct tls_options *options, const char *host,
              redisContext *connection, struct err *err)
{
    (void)options;
    (void)host;
    (void)connection;
    return tls_check(err);
}

bool tls_has_more(const redisContext *connection)
{
    (void)connection;
    return false;
}

bool tls_lacks_certificate(const redisContext *connection)
{
    (void)connection;
    return false;
}
#endif
