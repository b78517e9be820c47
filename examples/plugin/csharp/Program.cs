// Two tenants on a platform: the same that the other languages' examples declare.
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Costack.PulumiPackage;
using Costack.PulumiPackage.Inputs;
using Pulumi;

public static class Program
{
    public static Task<int> Main() => Deployment.RunAsync(Declare);

    private static IDictionary<string, object?> Declare()
    {
        var platform = Portfolio.Platform();
        var tenants = new List<TenantArgs> { Portfolio.Acme(), Portfolio.Meridian() };
        var shared = new SharedPlatform("shared", new SharedPlatformArgs { Platform = platform, Tenants = tenants });
        var stacks = tenants
            .Select(each => new TenantStack(each.Id, Arguments(each, platform, shared)))
            .ToList();
        var parts = new Inventory("parts", new InventoryArgs
        {
            Platform = shared.Inventory,
            Tenants = stacks.Select(each => (Input<object>)each.Inventory).ToArray(),
        });
        return new Dictionary<string, object?>
        {
            ["inventory"] = parts.Joined,
            ["urls"] = stacks.Select(each => each.Url).ToArray(),
            ["monthlyEstimates"] = shared.MonthlyEstimates,
        };
    }

    // A tenant among those of the platform, as the arguments of a stack: every field that this program uses.
    private static TenantStackArgs Arguments(TenantArgs tenant, PlatformArgs platform, SharedPlatform shared)
    {
        var made = new TenantStackArgs
        {
            Tenant = tenant.Id,
            Client = tenant.Client,
            Environment = tenant.Environment,
            Tier = tenant.Tier,
            Region = tenant.Region,
            ServiceLine = tenant.ServiceLine,
            Hostname = tenant.Hostname,
            Options = tenant.Options,
            Platform = platform,
            Contract = shared.Contract.Apply(Handover.Contract),
            SessionToken = shared.SessionToken,
        };
        if (Portfolio.DataResidency.TryGetValue(tenant.Id, out var regions)) made.DataResidency = regions;
        return made;
    }
}
