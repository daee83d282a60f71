import type { HealthDocument } from '../../schemas/api/health-document.ts';
import type { ReproducedDocument } from '../../schemas/api/reproduced-document.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';
import { listLinks, schemaLink } from './links.ts';

export function healthDocument({ health }: SiteCatalog): HealthDocument {
  return { schema: schemaLink('health-document'), ...(health ? { last: health } : {}), links: listLinks() };
}

export function reproducedDocument({ challenge, alike }: SiteCatalog): ReproducedDocument {
  return {
    schema: schemaLink('reproduced-document'),
    ...(challenge ? { last: challenge } : {}),
    alike: [...alike.values()],
    links: listLinks(),
  };
}
