// Import this first: Node reads and writes files in a few threads, and takes their number from here when it first needs one.
// A disk that hangs keeps those that wait for it, for good; four, the default, would soon leave none for anything else.
const THREADS = 64;

process.env["UV_THREADPOOL_SIZE"] ??= String(THREADS);
