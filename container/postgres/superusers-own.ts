import type pg from 'pg';
import { serverVersion } from './server.js';

/** The first major whose publications may be of whole schemas. */
const schemaPublicationsFrom = 15;

/**
 * What only a superuser can make again of a database's own contents, in words. A dump has most of it at its very end, so
 * whoever restores without a superuser's rights hears of it before hours of loading. Some providers let their master user
 * do some of it all the same, so it is no reason to refuse.
 */
export async function superusersOwn(client: pg.Client): Promise<string[]> {
  const { major } = await serverVersion(client);
  const { rows } = await client.query<{ what: string }>(
    `WITH parts AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
     own AS (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
     SELECT format('event trigger %I', evtname) AS what FROM pg_event_trigger e
       WHERE NOT EXISTS (SELECT FROM parts p WHERE p.classid = e.tableoid AND p.objid = e.oid)
     UNION ALL SELECT format('publication %I of all tables', pubname) FROM pg_publication WHERE puballtables
     ${major >= schemaPublicationsFrom ? "UNION ALL SELECT DISTINCT format('publication %I of a schema', pubname) FROM pg_publication p JOIN pg_publication_namespace n ON n.pnpubid = p.oid" : ''}
     UNION ALL SELECT format('function %s in language %I', f.oid::regprocedure, lanname) FROM pg_proc f JOIN pg_language l ON l.oid = f.prolang
       WHERE NOT lanpltrusted AND lanname <> 'sql' AND pronamespace IN (SELECT oid FROM own)
         AND NOT EXISTS (SELECT FROM parts p WHERE p.classid = f.tableoid AND p.objid = f.oid)
     UNION ALL SELECT format('rights on %s that its owner has not given', c.oid::regclass) FROM pg_class c
       WHERE relnamespace IN (SELECT oid FROM own) AND EXISTS (SELECT FROM aclexplode(relacl) a WHERE a.grantor <> relowner)
         AND NOT EXISTS (SELECT FROM parts p WHERE p.classid = c.tableoid AND p.objid = c.oid)
     ORDER BY 1`,
  );
  return rows.map(({ what }) => what);
}
