#!/usr/bin/env node
import { collectWithoutHelpers } from './collector.js';

collectWithoutHelpers();
await import('./cli.js');
