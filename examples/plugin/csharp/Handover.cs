using Costack.PulumiPackage.Inputs;
using Costack.PulumiPackage.Outputs;

// What the platform hands to its tenants. In C#, outputs and inputs are different classes.
internal static class Handover
{
    // Every field; one that is left out would be one that the platform does not have.
    public static ContractArgs Contract(Contract from)
    {
        var made = new ContractArgs
        {
            Administrator = from.Administrator,
            Cluster = from.Cluster,
            Bucket = new ContractBucketArgs
            {
                Arn = from.Bucket.Arn,
                KeyArn = from.Bucket.KeyArn,
                Name = from.Bucket.Name,
            },
            Cache = Cache(from.Cache),
            FileSystem = new ContractFileSystemArgs { Arn = from.FileSystem.Arn, Id = from.FileSystem.Id },
            Key = new ContractKeyArgs { Arn = from.Key.Arn, KeyId = from.Key.KeyId },
            Network = new ContractNetworkArgs
            {
                SecurityGroupId = from.Network.SecurityGroupId,
                SubnetIds = from.Network.SubnetIds,
                VpcId = from.Network.VpcId,
            },
            Server = new ContractServerArgs
            {
                Address = from.Server.Address,
                Arn = from.Server.Arn,
                MasterSecretArn = from.Server.MasterSecretArn,
                StorageGib = from.Server.StorageGib,
            },
        };
        if (from.ClusterGroupId is not null) made.ClusterGroupId = from.ClusterGroupId;
        if (from.MonthlyEstimates is not null) made.MonthlyEstimates = from.MonthlyEstimates;
        if (from.Priorities is not null) made.Priorities = from.Priorities;
        if (from.Unpriced is not null) made.Unpriced = from.Unpriced;
        if (from.Namespaces is not null) made.Namespaces = from.Namespaces;
        if (from.Nodes is not null) made.Nodes = Nodes(from.Nodes);
        return made;
    }

    private static ContractCacheArgs Cache(ContractCache from)
    {
        var made = new ContractCacheArgs { Address = from.Address, Arn = from.Arn };
        if (from.UserGroup is not null) made.UserGroup = from.UserGroup;
        return made;
    }

    private static ContractNodesArgs Nodes(ContractNodes from) => new ContractNodesArgs
    {
        Cluster = from.Cluster,
        RoleArn = from.RoleArn,
        SubnetIds = from.SubnetIds,
    };
}
