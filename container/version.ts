import packageJson from '../package.json' with { type: 'json' };

/** The program's version; it stands in every manifest. */
export const version: string = packageJson.version;
