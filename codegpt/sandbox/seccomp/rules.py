"""The system calls that a program in the jail may make, as data.

A list of what is allowed. What it does not name is answered with ENOSYS, not EPERM: to a program the kernel then is an
older one, and libraries that try a newer call first (clone3, faccessat2, futex_waitv, whatever comes next) fall back on
the one they used before, where EPERM would be taken for the final answer. Names that say more are given one:
EACCES for the network, EPERM for what only this jail forbids. No honest program makes the calls of `KILLED`; they
end it, and the verdict is a violation.

Two filters, for the two kinds of jail, which differ in `FILE_ATTRIBUTES` alone. Otherwise both assume the weaker kind:
under Landlock a program has the user's own uid, sees the processes of that user, and Landlock does not govern what is
done to a file without opening it for writing.

Covered: x86_64 and aarch64, everything that CPython, NumPy and node need. Not covered: the contents of memory behind
pointers, which a filter cannot read. Sources: syscalls(2), seccomp(2), clone(2), the kernel's
Documentation/userspace-api/seccomp_filter.rst; values from the kernel's include/uapi.
"""

import errno
from dataclasses import dataclass
from enum import Enum
from typing import Literal

INT = 0xFFFF_FFFF
"""The kernel reads an int argument from the lower half of the register: the mask that ignores what is above it."""
LONG = 0xFFFF_FFFF_FFFF_FFFF


class Action(Enum):
    """What the kernel does with a call."""

    ALLOW = "allow"
    KILL = "kill"
    PRETEND = 0  # success, and nothing is done: a program alone in its jail has nobody to lock out
    ACCESS = errno.EACCES
    PERMISSION = errno.EPERM
    NO_CALL = errno.ENOSYS
    UNSUPPORTED = errno.EOPNOTSUPP


DEFAULT = Action.NO_CALL


@dataclass(frozen=True)
class Group:
    """Calls that are treated alike whatever their arguments."""

    reason: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Compare:
    """A condition on one argument, counted from 0; only `==` can be masked."""

    argument: int
    operator: Literal["==", "!="]
    value: int
    mask: int = LONG


@dataclass(frozen=True)
class Rule:
    """One call under conditions that must all hold. The rules of one call never overlap with different actions."""

    name: str
    action: Action
    conditions: tuple[Compare, ...]


def _group(reason: str, names: str) -> Group:
    return Group(reason, tuple(names.split()))


ALLOWED = (
    _group(
        "start, end and wait: bubblewrap installs the filter just before execve, and its own init waits under it",
        "execve exit exit_group wait4 waitid restart_syscall arch_prctl set_tid_address rseq",
    ),
    _group(
        "memory: bounded by RLIMIT_AS; node makes code at run time and guards it with protection keys",
        "brk mmap munmap mprotect mremap madvise msync mlock munlock mlock2 membarrier "
        "pkey_alloc pkey_free pkey_mprotect",
    ),
    _group(
        "threads: locks, and where a thread runs",
        "futex futex_waitv set_robust_list get_robust_list sched_yield sched_getaffinity sched_getparam "
        "sched_getscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval getcpu",
    ),
    _group(
        "signals: a pid namespace, or Landlock's scope, keeps them inside",
        "kill tkill tgkill rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait "
        "rt_sigqueueinfo rt_tgsigqueueinfo sigaltstack pause",
    ),
    _group(
        "time: reading it, waiting, timers",
        "time times gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep alarm getitimer setitimer "
        "timer_create timer_settime timer_gettime timer_getoverrun timer_delete "
        "timerfd_create timerfd_settime timerfd_gettime",
    ),
    _group(
        "questions about itself and the machine",
        "getpid gettid getppid getpgid getpgrp getsid getuid geteuid getgid getegid getresuid getresgid getgroups "
        "getrusage getrlimit getpriority capget uname sysinfo getrandom umask",
    ),
    _group("its own limits: the hard ones hold", "setrlimit setsid setpgid"),
    _group(
        "open files: what can be opened is up to the mounts and to Landlock",
        "open openat creat close close_range dup dup2 dup3 pipe pipe2 read write readv writev pread64 pwrite64 preadv "
        "pwritev preadv2 pwritev2 lseek fsync fdatasync ftruncate fallocate fadvise64 sendfile copy_file_range",
    ),
    _group(
        "waiting for several files",
        "select pselect6 poll ppoll epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 "
        "eventfd eventfd2",
    ),
    _group(
        "names of files: reading them",
        "stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat "
        "getdents getdents64 getcwd chdir fchdir",
    ),
    _group(
        "names of files: changing them, in a /tmp of its own; Landlock forbids it elsewhere",
        "truncate mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat",
    ),
    _group("the two ends of a socket pair, the only sockets there can be", "recvfrom shutdown getsockname getpeername"),
)

ACCESS_REFUSED = (
    _group(
        "the network, and every other way to another program through a socket",
        "socket connect bind listen accept accept4 sendmsg sendmmsg recvmsg recvmmsg setsockopt getsockopt",
    ),
)

PERMISSION_REFUSED = (
    _group("one program is one process; clone has rules of its own", "fork vfork"),
    _group("a filter of the program's own could hide calls from this one", "seccomp"),
    _group("devices and pipes with names", "mknod mknodat"),
    _group(
        "extended attributes: under Landlock they are the user's own; the size of a /tmp does not count them",
        "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr",
    ),
    _group(
        "who it is",
        "setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset",
    ),
    _group(
        "priorities and memory of other processes",
        "sched_setscheduler sched_setparam sched_setattr ioprio_set migrate_pages move_pages",
    ),
)

UNSUPPORTED = (
    _group(
        "extended attributes read as on a file system that has none; shutil.copy2 fails on any other refusal",
        "getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr",
    ),
)

PRETENDED = (
    _group("a lock on a file that others may read too would reach them: outside, and in other jails", "flock"),
)

FILE_ATTRIBUTES = (
    _group(
        "mode, owner, times: copying and unpacking set them; under Landlock the user's own files could be locked away",
        "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat",
    ),
)

ABSENT = (
    # Answered by the default. Named, so that nobody allows one of them without reading why it is missing.
    _group("its flags lie behind a pointer, where no filter can read them; C libraries fall back on clone", "clone3"),
    _group("does everything else around the filter", "io_uring_setup io_uring_enter io_uring_register"),
    _group(
        "memory that RLIMIT_AS does not count",
        "memfd_create memfd_secret shmget shmat shmctl shmdt semget semop semtimedop semctl "
        "msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr",
    ),
    _group("watching files that it may not read", "inotify_init inotify_init1 inotify_add_watch fanotify_init"),
    _group("other processes by descriptor", "pidfd_open pidfd_send_signal process_mrelease"),
    _group("moving pages between files and pipes: often broken, never needed", "splice tee vmsplice"),
    _group("the whole machine's disks", "sync syncfs"),
)

KILLED = (
    _group(
        "the memory and the descriptors of another process",
        "ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd",
    ),
    _group(
        "mounts and namespaces",
        "mount umount2 fsopen fsconfig fsmount fspick move_mount open_tree mount_setattr pivot_root chroot "
        "unshare setns open_by_handle_at name_to_handle_at",
    ),
    _group(
        "large kernel interfaces that attacks begin with",
        "bpf perf_event_open keyctl add_key request_key userfaultfd lookup_dcookie",
    ),
    _group(
        "the machine itself",
        "kexec_load kexec_file_load init_module finit_module delete_module create_module query_module "
        "get_kernel_syms reboot swapon swapoff acct quotactl quotactl_fd iopl ioperm settimeofday clock_settime "
        "clock_adjtime adjtimex sethostname setdomainname syslog vhangup nfsservctl",
    ),
)

_CLONE_THREAD = 0x0001_0000
_CLONE_NEW = (0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000)

_THREADS_ONLY = (
    Rule("clone", Action.ALLOW, (Compare(0, "==", _CLONE_THREAD, _CLONE_THREAD | sum(_CLONE_NEW)),)),
    Rule("clone", Action.PERMISSION, (Compare(0, "==", 0, _CLONE_THREAD),)),
    *(
        Rule("clone", Action.PERMISSION, (Compare(0, "==", _CLONE_THREAD | flag, _CLONE_THREAD | flag),))
        for flag in _CLONE_NEW
    ),
)

_AF_UNIX, _SOCK_STREAM, _SOCK_DGRAM, _SOCK_RAW, _SOCK_SEQPACKET, _SOCK_TYPE = 1, 1, 2, 3, 5, 0xF

# asyncio wakes its loop through a pair of stream sockets. A datagram socket could send to any name, so it is none.
_STREAM_PAIRS = (
    Rule("socketpair", Action.ALLOW, (Compare(0, "==", _AF_UNIX), Compare(1, "==", _SOCK_STREAM, _SOCK_TYPE))),
    Rule("socketpair", Action.ACCESS, (Compare(0, "!=", _AF_UNIX),)),
    *(
        Rule("socketpair", Action.ACCESS, (Compare(0, "==", _AF_UNIX), Compare(1, "==", kind, _SOCK_TYPE)))
        for kind in (_SOCK_DGRAM, _SOCK_RAW, _SOCK_SEQPACKET)
    ),
    Rule("sendto", Action.ALLOW, (Compare(4, "==", 0),)),  # send(2): to the other end
    Rule("sendto", Action.ACCESS, (Compare(4, "!=", 0),)),
)

# These take a process: 0 is the caller. Landlock would let a program change the limits of the user's other processes.
_ITSELF_ONLY = (
    *(
        rule
        for name in ("prlimit64", "sched_setaffinity")
        for rule in (
            Rule(name, Action.ALLOW, (Compare(0, "==", 0),)),
            Rule(name, Action.PERMISSION, (Compare(0, "!=", 0),)),
        )
    ),
    Rule("setpriority", Action.ALLOW, (Compare(0, "==", 0), Compare(1, "==", 0))),
    Rule("setpriority", Action.PERMISSION, (Compare(0, "!=", 0),)),
    Rule("setpriority", Action.PERMISSION, (Compare(0, "==", 0), Compare(1, "!=", 0))),
    Rule("personality", Action.ALLOW, (Compare(0, "==", INT),)),  # 0xffffffff asks and changes nothing
    Rule("personality", Action.KILL, (Compare(0, "!=", INT),)),
)


def _options(name: str, argument: int, action: Action, values: dict[str, int]) -> tuple[Rule, ...]:
    return tuple(Rule(name, action, (Compare(argument, "==", value, INT),)) for value in values.values())


_PRCTL_ALLOWED = {
    "PR_SET_PDEATHSIG": 1,
    "PR_GET_PDEATHSIG": 2,
    "PR_GET_DUMPABLE": 3,
    "PR_GET_KEEPCAPS": 7,
    "PR_GET_TIMING": 13,
    "PR_SET_NAME": 15,
    "PR_GET_NAME": 16,
    "PR_GET_SECCOMP": 21,
    "PR_CAPBSET_READ": 23,
    "PR_GET_TSC": 25,
    "PR_GET_SECUREBITS": 27,
    "PR_SET_TIMERSLACK": 29,
    "PR_GET_TIMERSLACK": 30,
    "PR_GET_CHILD_SUBREAPER": 37,
    "PR_SET_NO_NEW_PRIVS": 38,
    "PR_GET_NO_NEW_PRIVS": 39,
    "PR_GET_TID_ADDRESS": 40,
    "PR_GET_THP_DISABLE": 42,
    "PR_SVE_GET_VL": 51,
    "PR_GET_SPECULATION_CTRL": 52,
    "PR_GET_TAGGED_ADDR_CTRL": 56,
    "PR_SET_VMA": 0x53564D41,
}
_PRCTL_REFUSED = {
    "PR_SET_DUMPABLE": 4,
    "PR_SET_KEEPCAPS": 8,
    "PR_SET_TIMING": 14,
    "PR_SET_SECCOMP": 22,
    "PR_CAPBSET_DROP": 24,
    "PR_SET_TSC": 26,
    "PR_SET_SECUREBITS": 28,
    "PR_MCE_KILL": 33,
    "PR_SET_MM": 35,
    "PR_SET_CHILD_SUBREAPER": 36,
    "PR_SET_THP_DISABLE": 41,
    "PR_CAP_AMBIENT": 47,
    "PR_SET_SPECULATION_CTRL": 53,
    "PR_SET_IO_FLUSHER": 57,
    "PR_SET_SYSCALL_USER_DISPATCH": 59,
    "PR_SCHED_CORE": 62,
    "PR_SET_PTRACER": 0x59616D61,
}
_FCNTL_ALLOWED = {
    "F_DUPFD": 0,
    "F_GETFD": 1,
    "F_SETFD": 2,
    "F_GETFL": 3,
    "F_SETFL": 4,
    "F_GETLK": 5,  # sees locks outside; but pretended it means "taken", which SQLite's write-ahead log gives up on
    "F_GETOWN": 9,
    "F_GETLEASE": 1025,
    "F_DUPFD_QUERY": 1027,
    "F_DUPFD_CLOEXEC": 1030,
    "F_GETPIPE_SZ": 1032,
    "F_GET_SEALS": 1034,
}
_FCNTL_PRETENDED = {
    "F_SETLK": 6,
    "F_SETLKW": 7,
    "F_OFD_GETLK": 36,
    "F_OFD_SETLK": 37,
    "F_OFD_SETLKW": 38,
}
_FCNTL_REFUSED = {
    "F_SETOWN": 8,
    "F_SETSIG": 10,
    "F_SETOWN_EX": 15,
    "F_SETLEASE": 1024,
    "F_NOTIFY": 1026,
    "F_SETPIPE_SZ": 1031,
}
_IOCTL_ALLOWED = {
    "TCGETS": 0x5401,  # isatty(3)
    "TCGETS2": 0x802C542A,
    "TIOCGPGRP": 0x540F,
    "TIOCGWINSZ": 0x5413,
    "FIONREAD": 0x541B,
    "FIONBIO": 0x5421,
    "FIONCLEX": 0x5450,
    "FIOCLEX": 0x5451,
}
_IOCTL_KILLED = {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C}  # typing into the terminal of whoever started the jail

CONDITIONAL: tuple[Rule, ...] = (
    *_THREADS_ONLY,
    *_STREAM_PAIRS,
    *_ITSELF_ONLY,
    *_options("prctl", 0, Action.ALLOW, _PRCTL_ALLOWED),
    *_options("prctl", 0, Action.PERMISSION, _PRCTL_REFUSED),
    *_options("fcntl", 1, Action.ALLOW, _FCNTL_ALLOWED),
    *_options("fcntl", 1, Action.PRETEND, _FCNTL_PRETENDED),
    *_options("fcntl", 1, Action.PERMISSION, _FCNTL_REFUSED),
    *_options("ioctl", 1, Action.ALLOW, _IOCTL_ALLOWED),
    *_options("ioctl", 1, Action.KILL, _IOCTL_KILLED),
)


def groups(own_files: bool) -> tuple[tuple[Action, tuple[Group, ...]], ...]:
    """What is done with which calls.

    Args:
        own_files: Whether every file that the program may change is the jail's own, which is so with private,
            read-only mounts and false under Landlock.
    """
    return (
        (Action.ALLOW, ALLOWED),
        (Action.ACCESS, ACCESS_REFUSED),
        (Action.PERMISSION, PERMISSION_REFUSED),
        (Action.UNSUPPORTED, UNSUPPORTED),
        (Action.PRETEND, PRETENDED),
        (Action.ALLOW if own_files else Action.PERMISSION, FILE_ATTRIBUTES),
        (Action.NO_CALL, ABSENT),
        (Action.KILL, KILLED),
    )
