'use strict';
// What the programs here have in common: they write a counter by way of the
// sentinels, and tell each write that was acknowledged, with the port of the
// server that took it, as a line of JSON on standard output, until standard
// input ends.

const settings = JSON.parse(process.argv[2]);

function tell(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// write(number) returns the INFO text of the server that took it; read()
// returns the number that a replica has, or null.
async function run({ write, read, close }) {
  let ending = false;
  process.stdin.on('end', () => { ending = true; }).resume();
  for (let number = 1; !ending; number++) {
    try {
      const info = await write(number);
      tell({ wrote: number, port: Number(/tcp_port:(\d+)/.exec(info)[1]) });
      tell({ read: Number(await read()) });
    } catch (error) {
      tell({ error: String(error) });
    }
    await pause(50);
  }
  await close();
  tell({ closed: true });
}

module.exports = { settings, tell, run };
