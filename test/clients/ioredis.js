'use strict';
// ioredis as people use it with sentinels.

const Redis = require('ioredis');
const { settings, tell, run } = require('./report');

function connect(role, more) {
  const client = new Redis({
    sentinels: settings.sentinels,
    name: settings.name,
    password: settings.password,
    role,
    ...more,
  });
  client.on('error', (error) => tell({ error: String(error) }));
  return client;
}

// One hears of +switch-master, the other finds out when its connection ends.
const master = connect('master', { failoverDetector: settings.detector });
const replica = connect('slave');

run({
  write: async (number) => {
    const [[error], [, info]] = await master.multi().set('counter', number)
      .info('server').exec();
    if (error) throw error;
    return info;
  },
  read: () => replica.get('counter'),
  close: async () => { master.disconnect(); replica.disconnect(); },
});
