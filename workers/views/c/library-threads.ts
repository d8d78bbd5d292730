/** Functions in C that start threads, in one process and in two. As those of `library.ts`. */

const c = String.raw;

export const THREAD_LIBRARY: Readonly<Record<string, string>> = {
  ready: 'static int ready;',
  begin: c`/* Under its name and, where there are as many, on a CPU of its own, it waits for the others. */
static void begin(const char *name, int number)
{
    cpu_set_t all, own;
    int cpu = -1;

    prctl(PR_SET_NAME, name);
    if (sched_getaffinity(0, sizeof(all), &all) == 0 && CPU_COUNT(&all) >= THREADS) {
        for (int left = number; left >= 0; left -= CPU_ISSET(cpu, &all))
            cpu++;
        CPU_ZERO(&own);
        CPU_SET(cpu, &own);
        must(sched_setaffinity(0, sizeof(own), &own) == 0, "sched_setaffinity");
    }
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    do
        sched_yield(); /* it can be held here, and the others see that it is ready */
    while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) < THREADS);
}`,
  start: c`static void start(pthread_t *thread, void *(*run)(void *))
{
    errno = pthread_create(thread, NULL, run, NULL);
    must(errno == 0, "pthread_create");
}`,
  tell_gate: c`/* To a kernel module that holds threads, where there is one. It may let go once this is closed, so it stays open. */
static void tell_gate(int fd)
{
    int gate = open("/proc/faultline-gate", O_WRONLY | O_CLOEXEC);

    if (gate < 0 && errno == ENOENT)
        return;
    must(gate >= 0 && dprintf(gate, "fd %d\n", fd) > 0, "/proc/faultline-gate");
}`,
};

/** Of a program of two processes, in place of those above or beside them. */
export const TWO_PROCESSES: Readonly<Record<string, string>> = {
  shared: c`static struct {
    int started, met;
} *shared;`,
  ready: '#define ready (shared->started)',
  process: 'static int process;',
  part: c`static pid_t part(void)
{
    pid_t other;

    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(shared != MAP_FAILED, "mmap");
    other = fork();
    must(other >= 0, "fork");
    process = other == 0;
    if (process == 1)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(PATIENCE);
    return other;
}`,
  meet: c`/* Until the other process has come here too. */
static void meet(void)
{
    static int met;

    met += 2;
    __atomic_add_fetch(&shared->met, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&shared->met, __ATOMIC_SEQ_CST) < met)
        usleep(1000);
}`,
};
