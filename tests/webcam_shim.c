/* A webcam for tests, without hardware: preloaded into a process, it answers the V4L2 calls for
 * /dev/video0. A memory file stands for the device, so that the kernel's own mmap and poll work;
 * frames are paced in VIDIOC_DQBUF.
 *
 *   SHIM_FRAMES  folder with f00.jpg to f11.jpg, sent in turn as Motion-JPEG; without it YUYV is sent
 *   SHIM_UNPLUG  number of frames after which the device is gone (ENODEV)
 *   SHIM_FREEZE  number of frames after which it sends nothing more
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 640, HEIGHT = 480, RATE = 30, BUFFERS = 4, LENGTH = 1 << 21, PICTURES = 12 };

static int device = -1, streaming;
static int queue[16];
static unsigned head, tail, sequence;
static struct timespec due;
static unsigned char *memory;

static int fail(int error) {
    errno = error;
    return -1;
}

static long limit(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : -1;
}

static uint32_t format(void) {
    return getenv("SHIM_FRAMES") ? V4L2_PIX_FMT_MJPEG : V4L2_PIX_FMT_YUYV;
}

static size_t jpeg(unsigned char *to) {
    char name[4096];
    snprintf(name, sizeof name, "%s/f%02u.jpg", getenv("SHIM_FRAMES"), sequence % PICTURES);
    FILE *file = fopen(name, "rb");
    if (!file) return 0;
    /* What is longer in the buffer stays there, as with a real driver. */
    size_t bytes = fread(to, 1, LENGTH, file);
    fclose(file);
    return bytes;
}

/* The 100 % colour bars as 8-bit Y'CbCr (ITU-R BT.801), limited range. */
static size_t bars(unsigned char *to) {
    static const unsigned char bar[8][3] = {{235, 128, 128}, {210, 16, 146}, {170, 166, 16},
        {145, 54, 34}, {106, 202, 222}, {81, 90, 240}, {41, 240, 110}, {16, 128, 128}};
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x += 2) {
            const unsigned char *c = bar[x * 8 / WIDTH];
            unsigned char *p = to + (y * WIDTH + x) * 2;
            p[0] = p[2] = c[0], p[1] = c[1], p[3] = c[2];
        }
    return WIDTH * HEIGHT * 2;
}

static int dequeue(struct v4l2_buffer *b) {
    long unplug = limit("SHIM_UNPLUG"), freeze = limit("SHIM_FREEZE");
    if (unplug >= 0 && sequence >= unplug) return fail(ENODEV);
    if (freeze >= 0 && sequence >= freeze) for (;;) pause();
    if (!streaming || head == tail) return fail(EINVAL);
    due.tv_nsec += 1000000000L / RATE;
    if (due.tv_nsec >= 1000000000L) due.tv_nsec -= 1000000000L, due.tv_sec++;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, 0);
    int i = queue[head++ % 16];
    unsigned char *to = memory + (size_t)i * LENGTH;
    b->index = i;
    b->bytesused = getenv("SHIM_FRAMES") ? jpeg(to) : bars(to);
    b->length = LENGTH;
    b->m.offset = i * LENGTH;
    b->flags = V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    b->field = V4L2_FIELD_NONE;
    b->sequence = sequence++;
    b->timestamp.tv_sec = due.tv_sec;
    b->timestamp.tv_usec = due.tv_nsec / 1000;
    return 0;
}

static int control(unsigned long request, void *argument) {
    switch ((uint32_t)request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *c = argument;
        memset(c, 0, sizeof *c);
        strcpy((char *)c->driver, "shim");
        strcpy((char *)c->card, "Culet Test Webcam");
        strcpy((char *)c->bus_info, "shim:0");
        c->version = 0x60000;
        c->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_DEVICE_CAPS;
        c->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    }
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *f = argument;
        if (f->index) return fail(EINVAL);
        f->flags = format() == V4L2_PIX_FMT_MJPEG ? V4L2_FMT_FLAG_COMPRESSED : 0;
        f->pixelformat = format();
        return 0;
    }
    case VIDIOC_ENUM_FRAMESIZES: {
        struct v4l2_frmsizeenum *f = argument;
        if (f->index || f->pixel_format != format()) return fail(EINVAL);
        f->type = V4L2_FRMSIZE_TYPE_DISCRETE;
        f->discrete.width = WIDTH, f->discrete.height = HEIGHT;
        return 0;
    }
    case VIDIOC_ENUM_FRAMEINTERVALS: {
        struct v4l2_frmivalenum *f = argument;
        if (f->index) return fail(EINVAL);
        f->type = V4L2_FRMIVAL_TYPE_DISCRETE;
        f->discrete.numerator = 1, f->discrete.denominator = RATE;
        return 0;
    }
    case VIDIOC_S_FMT:
    case VIDIOC_TRY_FMT:
    case VIDIOC_G_FMT: {
        struct v4l2_format *f = argument;
        if (f->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fail(EINVAL);
        f->fmt.pix.width = WIDTH, f->fmt.pix.height = HEIGHT;
        f->fmt.pix.pixelformat = format();
        f->fmt.pix.field = V4L2_FIELD_NONE;
        f->fmt.pix.bytesperline = 0;
        f->fmt.pix.sizeimage = LENGTH;
        f->fmt.pix.colorspace = V4L2_COLORSPACE_SRGB;
        return 0;
    }
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
        struct v4l2_streamparm *p = argument;
        p->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
        p->parm.capture.timeperframe.numerator = 1;
        p->parm.capture.timeperframe.denominator = RATE;
        p->parm.capture.readbuffers = BUFFERS;
        return 0;
    }
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *r = argument;
        if (r->memory != V4L2_MEMORY_MMAP) return fail(EINVAL);
        if (r->count > BUFFERS) r->count = BUFFERS;
        r->capabilities = 0;
        return 0;
    }
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *b = argument;
        b->length = LENGTH;
        b->m.offset = b->index * LENGTH;
        b->flags = 0;
        return 0;
    }
    case VIDIOC_QBUF: {
        struct v4l2_buffer *b = argument;
        queue[tail++ % 16] = b->index;
        b->flags = V4L2_BUF_FLAG_QUEUED;
        return 0;
    }
    case VIDIOC_STREAMON:
        streaming = 1;
        clock_gettime(CLOCK_MONOTONIC, &due);
        return 0;
    case VIDIOC_STREAMOFF:
        streaming = 0;
        head = tail = 0;
        return 0;
    case VIDIOC_DQBUF:
        return dequeue(argument);
    default:
        return fail(EINVAL);
    }
}

static void *real(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

long syscall(long number, ...) {
    long x[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) x[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_ioctl && device >= 0 && (int)x[0] == device) return control(x[1], (void *)x[2]);
    static long (*next)(long, ...);
    if (!next) next = real("syscall");
    return next(number, x[0], x[1], x[2], x[3], x[4], x[5]);
}

int ioctl(int fd, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (device >= 0 && fd == device) return control(request, argument);
    static int (*next)(int, unsigned long, ...);
    if (!next) next = real("ioctl");
    return next(fd, request, argument);
}

/* -2 when another file is meant. */
static int opened(const char *path) {
    if (strcmp(path, "/dev/video0")) return -2;
    device = memfd_create("shim", 0);
    if (device < 0 || ftruncate(device, (off_t)BUFFERS * LENGTH)) return -1;
    memory = mmap(0, (size_t)BUFFERS * LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
    sequence = head = tail = streaming = 0;
    return device;
}

int open(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    int mode = va_arg(list, int), fd = opened(path);
    va_end(list);
    if (fd != -2) return fd;
    static int (*next)(const char *, int, ...);
    if (!next) next = real("open");
    return next(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    int mode = va_arg(list, int), fd = opened(path);
    va_end(list);
    if (fd != -2) return fd;
    static int (*next)(const char *, int, ...);
    if (!next) next = real("open64");
    return next(path, flags, mode);
}

int close(int fd) {
    if (fd >= 0 && fd == device) device = -1;
    static int (*next)(int);
    if (!next) next = real("close");
    return next(fd);
}
