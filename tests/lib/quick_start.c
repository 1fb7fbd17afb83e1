/* quick_start.c - Criterion without what it does at the start of each test and hardly
 * ever needs.
 *
 * It starts a test's executable anew for each test, and each time has libgit2 set up,
 * which decodes all certificates of the system: half of the time that a test of a single
 * function takes. It uses libgit2 for one thing, to show how two texts differ that should
 * be the same. These stand before libgit2's own, and set it up when it is used. */
#include <dlfcn.h>
#include <stddef.h>

/* As git2.h has them. */
int git_libgit2_init(void);
int git_libgit2_shutdown(void);
int git_diff_buffers(const void *old_buffer, size_t old_len, const char *old_as_path,
                     const void *new_buffer, size_t new_len, const char *new_as_path,
                     const void *options, void *file_cb, void *binary_cb, void *hunk_cb,
                     void *line_cb, void *payload);

int git_libgit2_init(void)
{
    return 1;
}

int git_libgit2_shutdown(void)
{
    return 0;
}

int git_diff_buffers(const void *old_buffer, size_t old_len, const char *old_as_path,
                     const void *new_buffer, size_t new_len, const char *new_as_path,
                     const void *options, void *file_cb, void *binary_cb, void *hunk_cb,
                     void *line_cb, void *payload)
{
    int (*init)(void) = (int (*)(void))dlsym(RTLD_NEXT, "git_libgit2_init");
    __typeof__(git_diff_buffers) *diff =
        (__typeof__(git_diff_buffers) *)dlsym(RTLD_NEXT, "git_diff_buffers");

    if (!init || !diff || init() < 0)
        return -1;
    return diff(old_buffer, old_len, old_as_path, new_buffer, new_len, new_as_path,
                options, file_cb, binary_cb, hunk_cb, line_cb, payload);
}
