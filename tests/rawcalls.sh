#!/bin/sh
# Clocks, random numbers, threads, files and the host are touched only in the seams: the files named below, each for the kinds
# behind its name. Everywhere else in the floors a raw call would escape the simulation. Programs (tools/, examples/,
# bench/, tests/) have a main of their own and may do as they like. The last cases plant calls and expect to find them.
#
#     tests/rawcalls.sh            this tree
#     tests/rawcalls.sh list DIR   the raw calls in DIR, one a line
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

floors='base runtime schema store actors sim'

seams='
base/environment.c    : clock random file
base/id.c             : thread
base/log_json.c       : file
base/crash_point.c    : thread file
base/plant.c          : thread file
base/thread.c         : thread
runtime/thread.c      : thread clock host
runtime/tree_file.c   : file
runtime/ticks.h       : clock
runtime/safe_text.c   : file
runtime/fd_poll.c     : clock thread file
runtime/backtrace.c   : file
runtime/fault.c       : clock thread file host
actors/attachments.c  : thread file
store/thread.c        : thread clock
store/rocksdb_files.c : file
store/key_file.c      : file
store/files.c         : file
store/apart.c         : clock thread file host
store/rocksdb_records.c : file
store/rocksdb_backup.c : file
store/rocksdb_options.c : host
sim/world.c           : clock random thread file host
'

calls='
clock  : clock_gettime clock_nanosleep clock gettimeofday time timespec_get nanosleep usleep sleep alarm setitimer
clock  : timer_create timerfd_create timerfd_settime __rdtsc __builtin_ia32_rdtsc
clock  : clock_getres ftime times thrd_sleep __rdtscp __builtin_ia32_rdtscp __builtin_readcyclecounter
random : rand srand rand_r random srandom drand48 lrand48 getrandom getentropy arc4random arc4random_uniform
random : randombytes_buf randombytes_random randombytes_uniform
random : mrand48 lrand48 initstate setstate randombytes_stir randombytes tmpnam
thread : pthread_create pthread_join pthread_detach pthread_mutex_init pthread_mutex_lock pthread_mutex_trylock
thread : pthread_mutex_unlock pthread_cond_init pthread_cond_wait pthread_cond_timedwait pthread_cond_signal
thread : pthread_cond_broadcast pthread_rwlock_rdlock pthread_rwlock_wrlock pthread_spin_lock pthread_key_create
thread : sigaction sigaltstack sigprocmask raise kill pthread_sigmask pthread_kill thrd_create thrd_join mtx_lock mtx_unlock cnd_wait cnd_signal call_once
thread : pthread_once sem_init sem_wait sem_post sched_yield syscall fork vfork clone eventfd epoll_create1 epoll_wait
thread : epoll_create epoll_ctl epoll_pwait poll ppoll select pselect
thread : pthread_cond_clockwait pthread_mutex_timedlock pthread_mutex_clocklock pthread_rwlock_timedrdlock
thread : pthread_rwlock_timedwrlock pthread_timedjoin_np pthread_getspecific pthread_setspecific pthread_barrier_wait
thread : sem_timedwait sem_clockwait mtx_timedlock cnd_timedwait tss_create thrd_yield
file   : open openat open64 creat fopen freopen fdopen tmpfile mkstemp read write pread pwrite readv writev fread fwrite
file   : fsync fdatasync sync_file_range syncfs ftruncate truncate fallocate posix_fallocate mmap munmap msync mkdir
file   : mkdirat rmdir rename renameat unlink unlinkat remove opendir readdir stat fstat lstat access flock lockf fcntl
file   : getenv popen system socket send recv accept accept4 connect bind listen sendto recvfrom sendmsg recvmsg
file   : preadv pwritev copy_file_range sendfile splice mkdtemp mkostemp link linkat symlink readlink statvfs fstatvfs
file   : statfs fstatfs scandir ftw nftw glob fgets getline secure_getenv setenv putenv
host   : getpid gethostname uname getlogin getuid setlocale localtime localtime_r mktime strftime sysconf get_nprocs
host   : umask getrlimit setrlimit getcwd chdir sched_getaffinity'

list_raw_calls() { # folder of a tree
    cd "$1"
    for floor in $floors; do
        [ ! -d "$floor" ] || find "$floor" -name '*.c' -o -name '*.h' -o -name '*.cc'
    done | sort >"$scratch/files"
    awk -v seams="$seams" -v calls="$calls" -v files="$scratch/files" '
        # The line without comments and without what is between quotes; `in_comment` goes on over lines.
        function code_of(line,    out, i, c, two, quote) {
            for (i = 1; i <= length(line); i++) {
                c = substr(line, i, 1)
                two = substr(line, i, 2)
                if (in_comment) { if (two == "*/") { in_comment = 0; i++ } }
                else if (quote != "") { if (c == "\\") i++; else if (c == quote) { quote = ""; out = out c } }
                else if (two == "/*") { in_comment = 1; i++; out = out " " }
                else if (two == "//") break
                else { if (c == "\"" || c == "\047") quote = c; out = out c }
            }
            return out
        }
        BEGIN {
            n = split(calls, lines, "\n")
            for (i = 1; i <= n; i++)
                if (split(lines[i], halves, ":") == 2) {
                    sub(/ +$/, "", halves[1])
                    m = split(halves[2], names, " ")
                    for (j = 1; j <= m; j++) kind_of[names[j]] = halves[1]
                }
            n = split(seams, lines, "\n")
            for (i = 1; i <= n; i++)
                if (split(lines[i], halves, ":") == 2) { gsub(/ /, "", halves[1]); may[halves[1]] = halves[2] " " }
            while ((getline path <files) > 0) ARGV[ARGC++] = path
            if (ARGC == 1) exit
        }
        FNR == 1 { in_comment = 0 }
        {
            rest = code_of($0)
            # A name before a parenthesis; not a member (.read, ->read), for those are our own seams.
            while (match(rest, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
                name = substr(rest, RSTART, RLENGTH - 1)
                before = RSTART > 1 ? substr(rest, RSTART - 1, 1) : ""
                if (RSTART > 2 && substr(rest, RSTART - 2, 2) == "->") before = "."
                rest = substr(rest, RSTART + RLENGTH)
                sub(/[ \t]+$/, "", name)
                if (before != "." && (name in kind_of) && index(may[FILENAME], " " kind_of[name] " ") == 0)
                    print FILENAME ":" FNR ": " name "() is a raw " kind_of[name] " call; take it through the seam"
            }
        }'
}

this_tree_is_in_order() {
    found=$(list_raw_calls "$root")
    [ -z "$found" ] || { printf '%s\n' "$found"; return 1; }
}

every_seam_is_a_file() { # a seam that was renamed would leave a hole
    for seam in $(printf '%s\n' "$seams" | cut -d: -f1); do
        [ -f "$root/$seam" ] || { printf '%s is named as a seam, and is no file\n' "$seam"; return 1; }
    done
}

planted_is_found() { # call
    mkdir -p "$scratch/planted/actors"
    printf 'void planted(void)\n{\n    %s;\n}\n' "$1" >"$scratch/planted/actors/a.c"
    list_raw_calls "$scratch/planted" >"$scratch/found"
    cat "$scratch/found"
    grep -q '^actors/a.c:3: .* is a raw ' "$scratch/found" && [ "$(wc -l <"$scratch/found")" -eq 1 ]
}

what_is_none_passes() {
    mkdir -p "$scratch/none/actors"
    cat >"$scratch/none/actors/a.c" <<'EOF'
/* open(path) in a comment, time(NULL) too
 * and pthread_create( over lines */
void f(struct s *s)
{
    s->read(s); s->clock.time(s); s->log.write("open(path): sleep(1)"); // usleep(1)
    acti_open(s); my_time(s); char quote = '"'; reopen("\"rand()");
}
EOF
    list_raw_calls "$scratch/none" >"$scratch/found"
    cat "$scratch/found"
    [ ! -s "$scratch/found" ]
}

. "$root/tests/lib.sh"
if [ "${1:-}" = list ]; then
    list_raw_calls "${2:-$root}"
    exit
fi
check "the floors touch the world only through the seams" this_tree_is_in_order
check "every seam named here is a file" every_seam_is_a_file
check "a planted clock is found" planted_is_found 'clock_gettime(CLOCK_MONOTONIC, &now)'
check "a planted random number is found" planted_is_found 'int n = rand ()'
check "a planted thread is found" planted_is_found 'if (pthread_create(&t, 0, f, 0) != 0) return'
check "a planted file is found" planted_is_found 'int fd = "x" ? open(path, 0) : -1'
check "a planted sleep is found" planted_is_found '(void)usleep(10)'
check "a planted wait with a time is found" planted_is_found 'while (pthread_cond_timedwait(&c, &m, &t) == 0) n++'
check "a planted look at the host is found" planted_is_found 'long pages = sysconf(_SC_PHYS_PAGES)'
check "a planted socket is found" planted_is_found 'int s = accept(fd, 0, 0)'
check "members, comments, strings and longer names are no raw calls" what_is_none_passes
finish
