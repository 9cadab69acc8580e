/**
 * SQL that empties the current database of all that a dump of it would create, without touching extensions. It runs in
 * the transaction of a restore in place, so that a failure brings everything back.
 *
 * Schemas go as a whole, but for `public` and those that hold an extension, whose contents go one by one:
 * pg_identify_object gives each object's type and name as DROP takes them.
 */
export const emptyDatabase = `
SET LOCAL client_min_messages = warning;
DO $empty$
DECLARE
  target record;
BEGIN
  FOR target IN
    SELECT 'EVENT TRIGGER' AS type, quote_ident(evtname) AS name FROM pg_event_trigger e
      WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e')
    UNION ALL SELECT 'PUBLICATION', quote_ident(pubname) FROM pg_publication
    UNION ALL SELECT 'SERVER', quote_ident(srvname) FROM pg_foreign_server
    UNION ALL SELECT 'SCHEMA', quote_ident(nspname) FROM pg_namespace n
      WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
        AND NOT EXISTS (SELECT FROM pg_extension WHERE extnamespace = n.oid)
  LOOP
    EXECUTE format('DROP %s %s CASCADE', target.type, target.name);
  END LOOP;
  LOOP
    SELECT CASE WHEN i.type = 'composite type' THEN 'type' WHEN i.type = 'statistics object' THEN 'statistics' ELSE i.type END AS type,
           i.identity AS name INTO target
    FROM pg_depend d
    JOIN pg_namespace n ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
    CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
    WHERE d.deptype = 'n' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND d.classid <> 'pg_extension'::regclass
      AND i.type NOT IN ('default acl', 'toast table')
      AND NOT EXISTS (SELECT FROM pg_depend m WHERE m.classid = d.classid AND m.objid = d.objid AND m.deptype = 'e')
    LIMIT 1;
    EXIT WHEN NOT FOUND;
    EXECUTE format('DROP %s %s CASCADE', target.type, target.name);
  END LOOP;
  PERFORM lo_unlink(oid) FROM pg_largeobject_metadata;
END
$empty$;
`;
