// The Emmett side of the benchmark. The first line on standard input says what is measured; it is
// prepared, and answered with a line. Then each line is for how many milliseconds all clients are
// kept busy, and the answer how many nanoseconds each of a client's operations took.
import { createInterface } from 'node:readline';
import { CommandHandler } from '@event-driven-io/emmett';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => (await lines.next()).value;
const answer = (value) => process.stdout.write(JSON.stringify(value) + '\n');

const { url, clients, work, depth, type, data, meta } = JSON.parse(await next());
const pool = new pg.Pool({ connectionString: url, max: clients });
const store = getPostgreSQLEventStore(url, { connectionOptions: { pool } });
const event = () => ({ type, data: { ...data }, metadata: { ...meta } });
const stream = (client) => `account-${client}`;

const initialState = () => ({ balance: 0, rate: '0', valueDate: undefined, deposits: 0 });
const evolve = (state, { data }) => ({
  balance: state.balance + data.amount,
  rate: data.rate,
  valueDate: new Date(data.value_date),
  deposits: state.deposits + 1,
});
const handle = CommandHandler({ evolve, initialState });

// Each makes the operation of one client.
const works = {
  append: (client) => {
    let version = 0n;
    return async () => {
      const appended = await store.appendToStream(stream(client), [event()], { expectedStreamVersion: version });
      version = appended.nextExpectedStreamVersion;
    };
  },
  replay: (client) => () => store.aggregateStream(stream(client), { evolve, initialState }),
  decide: (client) => () => handle(store, stream(client), () => event()),
};

const busy = async (op, until) => {
  const each = [];
  let begin = performance.now();
  do {
    await op();
    const end = performance.now();
    each.push(Math.round((end - begin) * 1e6));
    begin = end;
  } while (begin < until);
  return each;
};

await store.schema.migrate();
const ops = [];
for (let client = 0; client < clients; client++) {
  if (depth > 0) await store.appendToStream(stream(client), Array.from({ length: depth }, event));
  ops.push(works[work](client));
}
answer([]);

for (let ms = await next(); ms !== undefined; ms = await next()) {
  const until = performance.now() + Number(ms);
  answer(await Promise.all(ops.map((op) => busy(op, until))));
}
await store.close();
await pool.end();
