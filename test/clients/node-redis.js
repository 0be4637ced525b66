'use strict';
// node-redis: createSentinel, as people use it.

const { createSentinel } = require('redis');
const { settings, tell, run } = require('./report');

async function main() {
  const client = createSentinel({
    name: settings.name,
    sentinelRootNodes: settings.sentinels,
    nodeClientOptions: { password: settings.password },
    RESP: settings.protocol,
    replicaPoolSize: 1,
    scanInterval: 1000,
  });
  client.on('error', (error) => tell({ error: String(error) }));
  await client.connect();
  await run({
    write: (number) => client.use(async (master) => {
      await master.set('counter', String(number));
      return master.sendCommand(false, ['INFO', 'server']);
    }),
    read: () => client.get('counter'),
    close: () => client.close(),
  });
}

main().catch((error) => {
  tell({ error: String(error) });
  process.exitCode = 1;
});
