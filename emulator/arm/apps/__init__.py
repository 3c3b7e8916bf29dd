"""What runs a team's code beside an instance: function apps, web apps and IoT hubs, as far as reading them goes."""
