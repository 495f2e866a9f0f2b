// Loaded before a program that the sandbox starts. Its standard input is a pipe that the starter holds open:
// when the starter is gone, however it went, the pipe closes and the program ends too.
process.stdin.on("end", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
process.stdin.resume();
// Listening for that must not itself keep the program alive when it is asked to end.
process.stdin.unref();
