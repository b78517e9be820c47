import * as costack from "@costack/pulumi";

const region = "us-east-1";
const serviceLine = "odoo-hosting";

const acme: costack.types.input.Tenant = {
    tenant: "acme",
    client: "acme-consulting",
    environment: costack.types.enums.Environment.Production,
    tier: "shared-namespace",
    region,
    serviceLine,
    hostname: "acme.odoo.example.com",
    options: { users: 8 },
};

const meridian: costack.types.input.Tenant = {
    tenant: "meridian",
    client: "meridian-group",
    environment: costack.types.enums.Environment.Production,
    tier: "cross-region-backup",
    region,
    serviceLine,
    hostname: "meridian.odoo.example.com",
    dataResidency: [region, "eu-west-1"],
    options: {
        users: 70,
        drRegion: "eu-west-1",
        controls: costack.types.enums.Controls.Enhanced,
        egressCidrs: ["203.0.113.0/24"],
    },
};

const platform: costack.types.input.Platform = {
    portfolio: "example",
    currency: "USD",
    region,
    serviceLine,
    deletionProtection: false, // this example must be able to end; true everywhere else
    images: {
        // Your own build on the official odoo:18.0, with the module session_redis.
        odoo: {
            image: "registry.example.com/odoo@sha256:1d0e6b8f2c3a4d5968778695a4b3c2d1e0f9e8d7c6b5a49382716051f0e9d8c7",
            version: "18.0",
            runAsUser: 100,
            runAsGroup: 101,
        },
        // psql and pg_dump of the server's major version, and the AWS CLI.
        operations: {
            image: "registry.example.com/odoo-operations@sha256:9c8d7e6f5a4b3c2d1e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f",
            runAsUser: 10001,
            runAsGroup: 10001,
        },
    },
    network: {
        cidr: "10.40.0.0/16",
        zones: ["us-east-1a", "us-east-1b", "us-east-1c"],
        clientCidrs: ["10.20.0.0/16"], // where the cluster's pods live
    },
    database: {
        databaseClass: "s",
        engineVersion: "17",
        multiAz: true,
        storageGib: 50,
        maxStorageGib: 200,
        backupRetentionDays: 14,
        maintenanceWindow: "sun:03:00-sun:04:00",
        backupWindow: "00:00-01:00",
    },
    cache: {
        cacheClass: "xs",
        engine: costack.types.enums.CacheSpecEngine.Valkey,
        engineVersion: "8.0",
        nodes: 2,
        multiAz: true,
        snapshotRetentionDays: 1,
        maintenanceWindow: "sun:04:00-sun:05:00",
    },
    fileSystem: {
        throughputMode: costack.types.enums.FileSystemSpecThroughputMode.Elastic,
        backupSchedule: "cron(0 3 * * ? *)",
        backupRetentionDays: 30,
    },
    backupBucket: { noncurrentDays: 7, expireAfterDays: 90 },
    cluster: {
        name: "odoo",
        version: "1.35",
        ingressNamespace: "traefik",
        nodeRoleArn: "arn:aws:iam::123456789012:role/odoo-nodes", // for tenants with nodes of their own
        nodeSubnetIds: ["subnet-0a0a0a0a", "subnet-0b0b0b0b", "subnet-0c0c0c0c"],
        nodeGroups: [{ name: "general", nodeClass: "m7g.xlarge", nodes: 3, volumeGib: 50 }],
    },
    services: [
        service("traefik", 2, 200, 256, 1000, 512),
        service("observability", 1, 500, 2048, 1000, 3072),
        service("gitops", 1, 250, 512, 1000, 1024),
        service("ci-runners", 1, 500, 1024, 2000, 2048),
    ],
    ingress: { publicAddresses: 2, capacityUnits: 1, natGateways: 1, natDataGibPerMonth: 20 },
    observability: { logGibPerMonth: 10, logRetentionDays: 30, metricSamplesPerMonth: 100000000 },
    drRegions: ["eu-west-1"], // where copies of tenants that pay for it may go
};

function service(
    name: string,
    replicas: number,
    cpuRequestMillicores: number,
    memoryRequestMib: number,
    cpuLimitMillicores: number,
    memoryLimitMib: number,
): costack.types.input.PlatformService {
    return { name, replicas, cpuRequestMillicores, memoryRequestMib, cpuLimitMillicores, memoryLimitMib };
}

const shared = new costack.SharedPlatform("shared", { platform, tenants: [acme, meridian] });
const { contract, sessionToken } = shared;
const stacks = [acme, meridian].map(
    each => new costack.TenantStack(each.tenant, { ...each, platform, contract, sessionToken }),
);
const parts = new costack.Inventory("parts", {
    platform: shared.inventory,
    tenants: stacks.map(each => each.inventory),
});

export const inventory = parts.inventory;
export const urls = stacks.map(each => each.url);
export const monthlyEstimates = shared.monthlyEstimates;
export const priced = costack.monthlyEstimate({ platform, tenants: [acme, meridian] }).then(each => each.tenants);
