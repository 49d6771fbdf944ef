/**
 * Stored bytes up to which a process scans on its main thread: to start a thread takes 75 ms of CPU, to scan so much 15. (gzip files without a thread
 * and with one: of 0.14 MB 20 ms sooner, of 2.7 MB at the same time with 65 ms less CPU, of 5.4 MB 5 ms later. It is less than that because some
 * logs compress far better.)
 */
export const WORTH_A_THREAD_BYTES = 1024 * 1024;
