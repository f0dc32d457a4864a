/* A PKCS#11 module that is another one until it is told to misbehave.
 *
 * REAL_MODULE   the module behind this one
 * MISBEHAVIOUR  a file that is read at each call: hang, slow, crash, garbage, wrong, gone,
 *               logged-out, locked, last-try; anything else is good behaviour
 * LOGINS        a file that gets an octet for each login
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long ulong_t;

/* CK_FUNCTION_LIST of PKCS#11 2.40: a version, and 68 functions in the order of its section 5. */
struct functions {
    unsigned char major, minor;
    void *function[68];
};
enum { INITIALIZE = 0, GET_SLOT_LIST = 4, GET_TOKEN_INFO = 6, LOGIN = 18, SIGN = 43 };

static struct functions mine;
static struct functions *real;

static int told(const char *what)
{
    char text[32] = "";
    const char *path = getenv("MISBEHAVIOUR");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file) {
        size_t length = fread(text, 1, sizeof text - 1, file);
        text[length] = 0;
        fclose(file);
    }
    return strcmp(text, what) == 0;
}

static ulong_t initialize(void *arguments)
{
    /* Real ones do. */
    printf("{\"signature\": \"from a module that prints\"}\n");
    fflush(stdout);
    fprintf(stderr, "warning: this module prints\n");
    return ((ulong_t (*)(void *))real->function[INITIALIZE])(arguments);
}

static ulong_t get_slot_list(unsigned char present, ulong_t *list, ulong_t *count)
{
    if (told("gone")) {
        *count = 0;
        return 0;
    }
    return ((ulong_t (*)(unsigned char, ulong_t *, ulong_t *))real->function[GET_SLOT_LIST])(
        present, list, count);
}

static ulong_t get_token_info(ulong_t slot, unsigned char *info)
{
    ulong_t value = ((ulong_t (*)(ulong_t, unsigned char *))real->function[GET_TOKEN_INFO])(
        slot, info);
    /* Behind a label, a manufacturer, a model and a serial number. */
    ulong_t *flags = (ulong_t *)(info + 32 + 32 + 16 + 16);
    if (told("last-try"))
        *flags |= 0x00020000;
    return value;
}

static ulong_t login(ulong_t session, ulong_t user, unsigned char *pin, ulong_t length)
{
    const char *path = getenv("LOGINS");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) {
        fputc('.', file);
        fclose(file);
    }
    if (told("locked"))
        return 0xa4; /* CKR_PIN_LOCKED */
    return ((ulong_t (*)(ulong_t, ulong_t, unsigned char *, ulong_t))real->function[LOGIN])(
        session, user, pin, length);
}

static ulong_t sign(ulong_t session, unsigned char *data, ulong_t length,
                    unsigned char *signature, ulong_t *octets)
{
    static int signatures;
    if (told("hang"))
        for (;;)
            pause();
    if (told("slow"))
        sleep(20);
    if (told("crash"))
        abort();
    if (told("gone"))
        return 0x32; /* CKR_DEVICE_REMOVED */
    if (told("logged-out") && signature && signatures++ > 0)
        return 0x101; /* CKR_USER_NOT_LOGGED_IN */
    ulong_t value = ((ulong_t (*)(ulong_t, unsigned char *, ulong_t, unsigned char *, ulong_t *))
                         real->function[SIGN])(session, data, length, signature, octets);
    if (value == 0 && signature && told("garbage"))
        *octets = 1;
    if (value == 0 && signature && told("wrong"))
        signature[*octets - 1] ^= 1;
    return value;
}

ulong_t C_GetFunctionList(struct functions **list)
{
    const char *path = getenv("REAL_MODULE");
    void *module = path ? dlopen(path, RTLD_NOW) : NULL;
    ulong_t (*get)(struct functions **) =
        module ? (ulong_t (*)(struct functions **))dlsym(module, "C_GetFunctionList") : NULL;
    if (!get || get(&real) != 0)
        return 5; /* CKR_GENERAL_ERROR */
    mine = *real;
    mine.function[INITIALIZE] = (void *)initialize;
    mine.function[GET_SLOT_LIST] = (void *)get_slot_list;
    mine.function[GET_TOKEN_INFO] = (void *)get_token_info;
    mine.function[LOGIN] = (void *)login;
    mine.function[SIGN] = (void *)sign;
    *list = &mine;
    return 0;
}
